//! `cargo deny` over the dependencies of both workspaces.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow};

use crate::cargo::{as_if_by_hand, succeed};
use crate::tool;

const VERSION: &str = "0.20.2";

/// Checks both workspaces against deny.toml. Duplicates are looked for in what is shipped only: a
/// guest is a few crates large.
///
/// Advisories come from a git repository. Where it cannot be fetched, everything else is checked and
/// the gap is said out loud.
pub(crate) fn run() -> Result<()> {
    let program = tool::cargo_tool("cargo-deny", VERSION)?;
    let deny = || as_if_by_hand(&program);

    let mut shared = vec!["licenses", "sources"];
    match fetch_advisories(deny()) {
        Ok(()) => shared.push("advisories"),
        Err(error) => eprintln!("deny: SKIPPED advisories: {error:#}"),
    }
    succeed(deny().args(["--locked", "check", "bans"]).args(&shared))?;
    succeed(
        deny()
            .args(["--manifest-path", "workloads/Cargo.toml"])
            .args(["--config", "deny.toml", "--locked", "check"])
            // Most of the licences that deny.toml allows are those of the other workspace.
            .args(["--allow", "license-not-encountered"])
            .args(&shared),
    )
}

fn fetch_advisories(mut deny: Command) -> Result<()> {
    let output = deny
        // Git would wait for a password where a proxy asks for one.
        .env("GIT_TERMINAL_PROMPT", "0")
        .args(["fetch", "db"])
        .stderr(Stdio::piped())
        .output()
        .context("cargo-deny did not start")?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(anyhow!("{}", said.trim()).context("their database could not be fetched"))
}

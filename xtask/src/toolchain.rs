//! The toolchain that rust-toolchain.toml pins.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::cargo::as_if_by_hand;

/// Adds the target to the toolchain where it is missing: rust-toolchain.toml may name it, but a
/// rustup whose automatic installation is switched off ignores that.
pub(crate) fn ensure_target(target: &str) -> Result<()> {
    let output = as_if_by_hand("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .context("rustc did not start")?;
    let libdir = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && libdir.is_dir() {
        return Ok(());
    }

    eprintln!("xtask: adding the target {target}");
    let status = as_if_by_hand("rustup")
        .args(["target", "add", target])
        .status()
        .with_context(|| format!("the target {target} is missing and rustup did not start"))?;
    ensure!(
        status.success(),
        "`rustup target add {target}` ended with {status}"
    );
    Ok(())
}

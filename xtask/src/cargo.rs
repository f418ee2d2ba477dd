//! Cargo, called by a program that cargo itself runs.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::repository;

/// What `cargo run` sets for the program it runs. Build scripts (ring's is one) watch these and would
/// run again, and what depends on them be built again, each time a person calls cargo by hand after
/// a step and the other way round.
const SET_BY_CARGO_RUN: &[&str] = &[
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
];

/// The cargo that rust-toolchain.toml names, called from the root of the checkout as if by hand.
pub(crate) fn cargo() -> Command {
    as_if_by_hand("cargo")
}

/// A program that may call cargo in its turn.
pub(crate) fn as_if_by_hand(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(repository::root());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if SET_BY_CARGO_RUN.iter().any(|set| name.starts_with(set)) {
            command.env_remove(&*name);
        }
    }
    command
}

/// Runs the command and says so first. An error carries the line and how it ended.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let line = shown(command);
    eprintln!("$ {line}");
    let status = command
        .status()
        .with_context(|| format!("`{line}` did not start"))?;
    ensure!(status.success(), "`{line}` ended with {status}");
    Ok(())
}

/// The command as a reader would type it, with the variables that were set for it.
fn shown(command: &Command) -> String {
    let quoted = |word: &OsStr| {
        let word = word.to_string_lossy();
        if word.is_empty() || word.contains(|c: char| c.is_whitespace() || "'\"$*&;|<>".contains(c))
        {
            format!("'{word}'")
        } else {
            word.into_owned()
        }
    };
    let set = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_string_lossy(), quoted(value?))));
    let words = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(quoted);
    set.chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    #[test]
    fn a_command_is_shown_as_typed() {
        let mut command = Command::new("cargo");
        command
            .env("RUSTDOCFLAGS", "-D warnings")
            .env_remove("CARGO_PKG_NAME")
            .args(["doc", "--no-deps"]);
        assert_eq!(
            super::shown(&command),
            "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps"
        );
    }
}

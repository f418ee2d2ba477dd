//! Where Gary keeps its state, its cache, its configuration and its sockets.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::problem::{Code, Problem};

/// What `--state-dir` says; set once, before anything asks.
static STATE_DIR: OnceLock<PathBuf> = OnceLock::new();

/// Keeps state in `dir` for the rest of the process.
pub(crate) fn keep_state_in(dir: PathBuf) {
    // There is one command line, so nobody can have been first.
    let _ = STATE_DIR.set(dir);
}

/// Whether the command line says where state is kept.
pub(crate) fn is_state_typed() -> bool {
    STATE_DIR.get().is_some()
}

/// State: `--state-dir`, else `GARY_STATE_DIR`, else `$XDG_STATE_HOME/gary`, else `~/.local/state/gary`.
pub(crate) fn state() -> Result<PathBuf, Problem> {
    if let Some(dir) = STATE_DIR.get() {
        return Ok(dir.clone());
    }
    place("GARY_STATE_DIR", "XDG_STATE_HOME", ".local/state")
}

/// Cache: `GARY_CACHE_DIR`, else `$XDG_CACHE_HOME/gary`, else `~/.cache/gary`.
pub(crate) fn cache() -> Result<PathBuf, Problem> {
    place("GARY_CACHE_DIR", "XDG_CACHE_HOME", ".cache")
}

/// Configuration: `GARY_CONFIG_DIR`, else `$XDG_CONFIG_HOME/gary`, else `~/.config/gary`.
pub(crate) fn config() -> Result<PathBuf, Problem> {
    place("GARY_CONFIG_DIR", "XDG_CONFIG_HOME", ".config")
}

/// Sockets: `$XDG_RUNTIME_DIR/gary`. There is none where that is no directory of this user's own, as it is for who has
/// become somebody else and kept the variable.
pub(crate) fn runtime() -> Option<PathBuf> {
    let dir = set("XDG_RUNTIME_DIR").filter(|dir| dir.is_absolute())?;
    let found = fs::metadata(&dir).ok()?;
    let is_own = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw();
    is_own.then(|| dir.join("gary"))
}

fn set(name: &str) -> Option<PathBuf> {
    let value = env::var_os(name).filter(|value| !value.is_empty());
    value.map(PathBuf::from)
}

fn place(own: &str, xdg: &str, below_home: &str) -> Result<PathBuf, Problem> {
    if let Some(dir) = set(own) {
        return Ok(dir);
    }
    // The XDG base directory specification has relative paths ignored.
    if let Some(dir) = set(xdg).filter(|dir| dir.is_absolute()) {
        return Ok(dir.join("gary"));
    }
    match set("HOME") {
        Some(home) => Ok(home.join(below_home).join("gary")),
        None => Err(
            Problem::new(Code::Failure, "there is no place for Gary's files")
                .why(format!("neither {own} nor {xdg} nor HOME is set"))
                .hint(format!("set {own} to a directory")),
        ),
    }
}

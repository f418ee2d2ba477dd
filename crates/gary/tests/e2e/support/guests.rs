//! The guests, built by `cargo xtask guests`.
//!
//! That cargo has a target directory of its own. In the one of the cargo that runs the tests it
//! could wait for a lock that is held until the tests are over.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::checkout;

/// What the cargo that runs the tests sets for them. Another cargo would take it for a change of
/// what it builds from.
const SET_BY_CARGO: &[&str] = &[
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
];

/// A guest built from Rust, by the name of its crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guest(pub(crate) &'static str);

impl Guest {
    /// Its file, built if need be.
    pub(crate) fn path(self) -> PathBuf {
        static BUILT: OnceLock<Vec<PathBuf>> = OnceLock::new();
        let built = BUILT.get_or_init(|| build(None));
        let wanted = self.0.replace('-', "_");
        let found = built.iter().find(|path| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            stem.replace('-', "_") == wanted
        });
        found
            .unwrap_or_else(|| panic!("there is no guest {}", self.0))
            .clone()
    }

    /// Its bytes.
    pub(crate) fn bytes(self) -> Vec<u8> {
        fs::read(self.path()).expect("it was just built")
    }
}

/// The JavaScript guest; `None` where npm is missing or cannot fetch what it takes.
pub(crate) fn built_by_npm() -> Option<PathBuf> {
    build(Some("--js")).pop()
}

/// The Python guest; `None` where pip is missing or cannot fetch what it takes.
pub(crate) fn built_by_pip() -> Option<PathBuf> {
    build(Some("--py")).pop()
}

/// A guest written in WebAssembly's text form, under workloads/wat.
pub(crate) fn from_wat(name: &str) -> Vec<u8> {
    let path = checkout().join("workloads/wat").join(name);
    wat::parse_file(path.with_extension("wat")).expect("the text is WebAssembly")
}

/// Builds the guests that the flag asks for, all of Rust's without one, and returns their files.
fn build(flag: Option<&str>) -> Vec<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("xtask");
    fs::create_dir_all(&target).expect("the target directory is ours");
    // npm and pip know no locks: a second test process waits here.
    let alone = File::create(target.join("guests.lock")).expect("the target directory is ours");
    alone.lock().expect("the file system has locks");

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if SET_BY_CARGO.iter().any(|set| name.starts_with(set)) {
            command.env_remove(&*name);
        }
    }
    command
        .args(["run", "--quiet", "--package", "xtask", "--target-dir"])
        .arg(&target)
        // It runs for a moment only, and the workspace's profile is for what has to be fast.
        .args(["--config", "profile.dev.package.'*'.opt-level=0"])
        .args(["--", "guests"])
        .args(flag)
        .current_dir(checkout())
        .stderr(Stdio::inherit());
    let built = command
        .output()
        .expect("cargo runs the tests, so it is there");
    assert!(
        built.status.success(),
        "the guests were not built: {}",
        built.status
    );
    let paths = String::from_utf8(built.stdout).expect("paths of this checkout are text");
    paths.lines().map(PathBuf::from).collect()
}

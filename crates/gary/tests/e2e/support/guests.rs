//! The guests, built by the code that `cargo xtask guests` runs.
//!
//! That code is included and not called through `cargo xtask`: to build xtask here would build,
//! with other features, all that its benchmarks need. The guests have a target directory of their
//! own, so this cargo never waits for a lock that the cargo which runs the tests holds.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::OnceLock;

use super::checkout;
use crate::guests;

/// A guest built from Rust, by the name of its crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guest(pub(crate) &'static str);

impl Guest {
    /// Its file, built if need be.
    pub(crate) fn path(self) -> PathBuf {
        static BUILT: OnceLock<Vec<PathBuf>> = OnceLock::new();
        let built = BUILT.get_or_init(|| {
            let _alone = lock();
            guests::build(&[]).expect("the guests can be built")
        });
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
    let _alone = lock();
    guests::build_js().expect("the JavaScript guest can be built")
}

/// The Python guest; `None` where pip is missing or cannot fetch what it takes.
pub(crate) fn built_by_pip() -> Option<PathBuf> {
    let _alone = lock();
    guests::build_py().expect("the Python guest can be built")
}

/// A guest written in WebAssembly's text form, under workloads/wat.
pub(crate) fn from_wat(name: &str) -> Vec<u8> {
    let path = checkout()
        .join("workloads/wat")
        .join(name)
        .with_extension("wat");
    wat::parse_file(path).expect("the text is WebAssembly")
}

/// Keeps a second test process from building the same files at the same time.
fn lock() -> File {
    let path = checkout().join("workloads/target");
    fs::create_dir_all(&path).expect("the checkout is writable");
    let file = File::create(path.join(".tests.lock")).expect("the checkout is writable");
    file.lock().expect("the file system has locks");
    file
}

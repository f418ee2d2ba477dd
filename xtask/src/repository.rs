//! Where this checkout is.

use std::path::{Path, PathBuf};

/// The root of the checkout that `cargo xtask` was called in.
pub(crate) fn root() -> PathBuf {
    // Cargo sets the variable for what it runs. The compiled-in value is second, because a target
    // directory shared by two checkouts would make it name the wrong one.
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask
        .parent()
        .map_or_else(|| xtask.clone(), Path::to_path_buf)
}

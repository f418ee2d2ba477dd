//! Every developer command of this repository, behind `cargo xtask`.
fn main() {}

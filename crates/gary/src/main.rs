//! The `gary` command.
fn main() {}

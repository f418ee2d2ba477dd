//! For which processor a machine is built.

use super::bounded_text::{bounded_text, flawless};

bounded_text! {
    /// The architecture of a machine, as Rust names it: `x86_64`, `aarch64`, `riscv64`.
    ///
    /// Text and not a closed list, so that a node of a kind that its peers have never heard of can
    /// join them.
    Architecture,
    what: "an architecture",
    bytes_max: 32,
    legal: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_',
    flaw: flawless,
}

//! Which names a crate may have.

/// The names that are Rust's own words. Those with a capital are left out: a workload's name has none.
const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Crates that every crate sees under these names.
const LIBRARIES: [&str; 5] = ["alloc", "core", "proc-macro", "std", "test"];

/// Directories that cargo makes beside a binary.
const DIRECTORIES: [&str; 4] = ["build", "deps", "examples", "incremental"];

/// Why cargo does not take a workload's name for a binary crate, or warns of it; `None` where it
/// does. The rules are those of `cargo new`.
pub(crate) fn refused(name: &str) -> Option<&'static str> {
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return Some("cargo takes no name that begins with a digit");
    }
    if KEYWORDS.contains(&name) {
        return Some("it is a word of Rust's own, which cargo does not take");
    }
    if LIBRARIES.contains(&name) {
        return Some("it is a library of Rust's own, which cargo does not take");
    }
    if DIRECTORIES.contains(&name) {
        return Some("it is a directory of cargo's own, which cargo does not take");
    }
    None
}

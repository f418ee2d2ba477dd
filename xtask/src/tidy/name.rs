//! Files and modules are named by what is in them.

use super::{Finding, Place};

/// Names that say only that something did not find its place.
const EMPTY: &[&str] = &[
    "common", "helper", "helpers", "manager", "managers", "util", "utils",
];

pub(super) fn check<'a>(paths: impl Iterator<Item = &'a String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in paths.filter(|path| has_crate_or_module_names(path)) {
        for part in path.split('/') {
            let stem = part.split_once('.').map_or(part, |(stem, _)| stem);
            if let Some(word) = empty_word(stem) {
                findings.push(Finding {
                    place: Place::File(path.clone()),
                    rule: "plain-name",
                    what: format!("{word} says nothing; name {part} by the concept in it"),
                });
            }
        }
    }
    findings
}

/// The word that makes a name of code empty, as in `utils` and in `http_helpers`.
pub(super) fn empty_word(name: &str) -> Option<&'static str> {
    let words = name.split(['_', '-']);
    words
        .filter_map(|word| EMPTY.iter().find(|empty| word.eq_ignore_ascii_case(empty)))
        .copied()
        .next()
}

fn has_crate_or_module_names(path: &str) -> bool {
    path.ends_with(".rs") || path.ends_with("Cargo.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> usize {
        check([path.to_owned()].iter()).len()
    }

    #[test]
    fn empty_names_are_found_in_files_folders_and_parts() {
        for path in [
            "crates/gary/src/utils.rs",
            "crates/gary/tests/common/mod.rs",
            "crates/gary-helpers/Cargo.toml",
            "crates/gary/src/session_manager.rs",
            "xtask/src/util/path.rs",
        ] {
            assert_eq!(found(path), 1, "{path}");
        }
    }

    #[test]
    fn names_that_say_something_pass() {
        for path in [
            "crates/gary/src/utilisation.rs",
            "crates/gary/src/uncommon.rs",
            "docs/helpers.md",
        ] {
            assert_eq!(found(path), 0, "{path}");
        }
    }
}

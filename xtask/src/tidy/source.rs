//! Rules on Rust sources.

use super::rust::Rust;
use super::{Files, Finding, Place, name};

/// A file this long holds a second concept.
const LINES_MAX: usize = 800;

/// Code that is found nowhere, and why.
const NOWHERE: &[(&str, &str, &str)] = &[
    ("unfinished", "todo!(", "finish it or leave it out"),
    ("unfinished", "unimplemented!(", "finish it or leave it out"),
    ("debug-print", "dbg!(", "take it out"),
    ("ignored-test", "#[ignore", "tests are never ignored"),
];

/// Ways to wait a while. A test that does so passes by luck or wastes time.
const SLEEPS: &[&str] = &["thread::sleep", "time::sleep"];

pub(super) fn check(files: &Files) -> Vec<Finding> {
    let sources = files.iter().filter(|(path, _)| path.ends_with(".rs"));
    sources
        .flat_map(|(path, text)| check_source(path, &Rust::read(text)))
        .collect()
}

fn check_source(path: &str, rust: &Rust<'_>) -> Vec<Finding> {
    let at = |line, rule, what: &str| Finding {
        place: Place::Line(path.to_owned(), line),
        rule,
        what: what.to_owned(),
    };
    let mut findings = Vec::new();

    for (rule, code, advice) in NOWHERE {
        let lines = rust.lines_with(code);
        findings.extend(lines.into_iter().map(|line| at(line, rule, advice)));
    }
    for (module, line) in rust.modules() {
        if let Some(word) = name::empty_word(module) {
            let advice = format!("{word} says nothing; name the module by the concept in it");
            findings.push(at(line, "plain-name", &advice));
        }
    }
    for line in SLEEPS.iter().flat_map(|sleep| rust.lines_with(sleep)) {
        if is_in_tests(path) || rust.is_test(line) {
            findings.push(at(
                line,
                "no-sleep",
                "wait for what is expected, not for a while",
            ));
        }
    }
    if is_ours(path) {
        let lines = rust.lines_without_tests();
        if lines > LINES_MAX {
            let advice =
                format!("has {lines} lines without its tests; look for the second concept");
            findings.push(at(LINES_MAX, "long-file", &advice));
        }
    }
    if is_ours(path) && !path.starts_with("xtask/") {
        for line in rust.lines_with(".unwrap()") {
            if !rust.is_test(line) {
                let advice = "return the error, or `expect` with why it holds";
                findings.push(at(line, "no-unwrap", advice));
            }
        }
    }
    findings
}

/// Whether the file belongs to a `tests` folder of a crate.
fn is_in_tests(path: &str) -> bool {
    path.split('/').any(|part| part == "tests")
}

/// Whether the file is a source of a crate of this workspace, and not one of unit tests alone.
fn is_ours(path: &str) -> bool {
    let is_source = matches!(
        path.split('/').collect::<Vec<_>>()[..],
        ["crates", _, "src", ..] | ["xtask", "src", ..]
    );
    is_source && !is_in_tests(path) && !path.ends_with("/tests.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "crates/gary/src/run.rs";
    const TEST: &str = "crates/gary/tests/run.rs";

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        let files = Files::from([(path.to_owned(), text.to_owned())]);
        check(&files).iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn what_belongs_nowhere_is_found_everywhere() {
        for (text, rule) in [
            ("fn a() { todo!() }", "unfinished"),
            ("fn a() { unimplemented!(\"x\") }", "unfinished"),
            ("fn a() { dbg!(1); }", "debug-print"),
            ("#[ignore]\nfn a() {}", "ignored-test"),
            ("#[ignore = \"slow\"]\nfn a() {}", "ignored-test"),
        ] {
            for path in [SOURCE, TEST, "xtask/src/a.rs", "workloads/a/src/lib.rs"] {
                assert_eq!(rules(path, text), [rule], "{path}: {text}");
            }
        }
    }

    #[test]
    fn empty_module_names_are_found() {
        assert_eq!(rules(SOURCE, "mod utils { }"), ["plain-name"]);
        assert_eq!(rules(SOURCE, "mod usage;"), [""; 0]);
    }

    #[test]
    fn sleeps_are_found_in_tests_only() {
        for text in [
            "fn a() { std::thread::sleep(b) }",
            "use std::thread::sleep;",
            "async fn a() { tokio::time::sleep(b).await }",
        ] {
            assert_eq!(rules(TEST, text), ["no-sleep"], "{text}");
            assert_eq!(rules(SOURCE, text), [""; 0], "{text}");
            let unit = format!("#[cfg(test)]\nmod tests {{\n    {text}\n}}\n");
            assert_eq!(rules(SOURCE, &unit), ["no-sleep"], "{unit}");
        }
    }

    #[test]
    fn unwrap_is_found_outside_tests() {
        let text =
            "fn a() { b.unwrap() }\n#[cfg(test)]\nmod tests {\n    fn c() { d.unwrap() }\n}\n";
        assert_eq!(rules(SOURCE, text), ["no-unwrap"]);
        assert_eq!(rules(TEST, text), [""; 0]);
        assert_eq!(rules("crates/gary/src/tests.rs", text), [""; 0]);
        assert_eq!(rules(SOURCE, "fn a() { b.unwrap_or(1) }"), [""; 0]);
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let code = "fn a() {}\n";
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", code.repeat(500));
        let most = code.repeat(LINES_MAX) + &tests;
        assert_eq!(rules(SOURCE, &most), [""; 0]);
        assert_eq!(rules("xtask/src/a.rs", &(most + code)), ["long-file"]);
    }
}

//! Rules on text of any kind.

use super::rust::Rust;
use super::{Files, Finding, Place};

/// Folders that exist on one person's machine. Spelled in two, so that this file passes.
const MACHINES: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
];

/// Marks of work put off. Such work is done, or is an issue.
const MARKS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

pub(super) fn check(files: &Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in files {
        for (line, number) in text.lines().zip(1..) {
            let rules = [
                (ends_blank(line), "trailing-blank", "ends with a blank"),
                (
                    names_machine(line),
                    "machine-path",
                    "names a folder of one machine",
                ),
            ];
            for (is_broken, rule, what) in rules {
                if is_broken {
                    findings.push(at(path, number, rule, what));
                }
            }
        }
        findings.extend(
            marks(path, text)
                .into_iter()
                .map(|number| at(path, number, "put-off", "do it, or write an issue")),
        );
    }
    findings
}

fn at(path: &str, number: usize, rule: &'static str, what: &str) -> Finding {
    Finding {
        place: Place::Line(path.to_owned(), number),
        rule,
        what: what.to_owned(),
    }
}

fn ends_blank(line: &str) -> bool {
    line.ends_with([' ', '\t', '\r'])
}

/// Whether an absolute path into such a folder stands in the line. Behind a name, as in a URL or a
/// relative path, it is some other folder.
fn names_machine(line: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || "._-~}$".contains(c);
    MACHINES
        .iter()
        .flat_map(|folder| line.match_indices(folder))
        .any(|(index, _)| !line[..index].ends_with(is_name))
}

/// The lines with a mark: in Rust those of comments, elsewhere any.
fn marks(path: &str, text: &str) -> Vec<usize> {
    let is_marked = |line: &str| {
        line.split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| MARKS.contains(&word))
    };
    let numbered: Vec<(&str, usize)> = if path.ends_with(".rs") {
        Rust::read(text).comment_lines().collect()
    } else {
        text.lines().zip(1..).collect()
    };
    numbered
        .into_iter()
        .filter(|(line, _)| is_marked(line))
        .map(|(_, number)| number)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let files = Files::from([(path.to_owned(), text.to_owned())]);
        let findings = check(&files);
        findings
            .iter()
            .map(|Finding { place, rule, .. }| match place {
                Place::Line(_, line) => format!("{line} {rule}"),
                place => panic!("{place:?}"),
            })
            .collect()
    }

    #[test]
    fn a_blank_at_the_end_is_found() {
        assert_eq!(
            found("a.md", "a\nb \n\t\nc\r\n"),
            ["2 trailing-blank", "3 trailing-blank"]
        );
    }

    #[test]
    fn a_folder_of_one_machine_is_found() {
        for folder in MACHINES {
            for line in [
                format!("cd {folder}main"),
                format!("{folder}main"),
                format!("path = \"{folder}x\""),
            ] {
                assert_eq!(found("a.sh", &line), ["1 machine-path"], "{line}");
            }
            for line in [
                format!("docs{folder}x"),
                format!("https://example.com{folder}x"),
                format!("$X{folder}"),
            ] {
                assert_eq!(found("a.sh", &line), [""; 0], "{line}");
            }
        }
    }

    #[test]
    fn work_put_off_is_found_in_comments() {
        let [mark, other] = MARKS else { panic!() };
        assert_eq!(found("a.rs", &format!("// {mark}: later\n")), ["1 put-off"]);
        assert_eq!(found("a.rs", &format!("/*\n {other}(x) */")), ["2 put-off"]);
        assert_eq!(
            found("a.rs", &format!("const A: &str = \"{mark}\";")),
            [""; 0]
        );
        assert_eq!(found("a.toml", &format!("# {mark}")), ["1 put-off"]);
        assert_eq!(found("a.toml", &format!("# {mark}S and X{mark}")), [""; 0]);
    }
}

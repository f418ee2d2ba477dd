//! `cargo xtask tidy`: the rules of this repository that neither the compiler nor clippy knows.
//!
//! Each rule stands below, beside the others of its kind, and reports what it found; nothing is
//! repaired. A rule with a reason to look away from one file has it in `ALLOWANCES`.

mod crates;
mod document;
mod manifest;
mod name;
mod rust;
mod source;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::cargo::as_if_by_hand;
use crate::repository;

/// Files that a rule leaves alone: the rule, the file and why.
const ALLOWANCES: &[(&str, &str, &str)] = &[];

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// The file, with its line where there is one, or the crate.
    place: Place,
    /// The rule's name.
    rule: &'static str,
    /// What is wrong and, where it is not plain, what to do instead.
    what: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Crate(String),
    File(String),
    Line(String, usize),
}

/// The files of the checkout by path from its root, forward slashes: what git tracks and what it
/// would. Files that are not text are left out.
type Files = BTreeMap<String, String>;

/// Fails when any rule is broken, after all of them have spoken.
pub(crate) fn run() -> Result<()> {
    let files = files()?;
    let mut findings = crates::check(&crates::Graph::of_workspace()?);
    findings.extend(manifest::check(&files));
    findings.extend(name::check(files.keys()));
    findings.extend(source::check(&files));
    findings.extend(text::check(&files));
    findings.extend(document::check(&files));

    let mut findings = without_allowed(findings, ALLOWANCES);
    findings.sort();
    for finding in &findings {
        eprintln!("{finding}");
    }
    ensure!(findings.is_empty(), "tidy: {} to mend", findings.len());
    eprintln!("tidy: {} files, nothing to mend", files.len());
    Ok(())
}

/// Takes out what an allowance covers. One that covers nothing is itself a finding, so that the list
/// shrinks by itself.
fn without_allowed(findings: Vec<Finding>, allowances: &[(&str, &str, &str)]) -> Vec<Finding> {
    let mut used = vec![false; allowances.len()];
    let mut left: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| {
            let allowance = allowances
                .iter()
                .position(|(rule, path, _)| *rule == finding.rule && finding.place.is_in(path));
            if let Some(index) = allowance {
                used[index] = true;
            }
            allowance.is_none()
        })
        .collect();
    let idle = allowances.iter().zip(used).filter(|(_, used)| !used);
    left.extend(idle.map(|((rule, path, _), _)| Finding {
        place: Place::File((*path).to_owned()),
        rule: "allowance",
        what: format!("does not need its allowance from {rule} any more"),
    }));
    left
}

fn files() -> Result<Files> {
    let output = as_if_by_hand("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ])
        .output()
        .context("git did not start")?;
    ensure!(
        output.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let root = repository::root();
    let paths = String::from_utf8(output.stdout).context("a path is not UTF-8")?;
    let mut files = Files::new();
    for path in paths.split_terminator('\0') {
        // One that is tracked and deleted, or not text, has no text to look at.
        if let Ok(text) = std::fs::read_to_string(root.join(PathBuf::from(path))) {
            files.insert(path.to_owned(), text);
        }
    }
    Ok(files)
}

impl Place {
    fn is_in(&self, path: &str) -> bool {
        match self {
            Self::Crate(_) => false,
            Self::File(file) | Self::Line(file, _) => file == path,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, rule, what } = self;
        match place {
            Place::Crate(name) => write!(f, "{name}: {rule}: {what}"),
            Place::File(path) => write!(f, "{path}: {rule}: {what}"),
            Place::Line(path, line) => write!(f, "{path}:{line}: {rule}: {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(path: &str) -> Finding {
        Finding {
            place: Place::Line(path.to_owned(), 7),
            rule: "no-sleep",
            what: "sleeps".to_owned(),
        }
    }

    #[test]
    fn an_allowance_covers_its_rule_in_its_file() {
        let found = || vec![finding("a.rs"), finding("b.rs")];
        let left = without_allowed(found(), &[("no-sleep", "a.rs", "why")]);
        assert_eq!(left, [finding("b.rs")]);

        let left = without_allowed(found(), &[("other", "a.rs", "why")]);
        assert_eq!(left.len(), 3, "{left:?}");
    }

    #[test]
    fn an_allowance_that_covers_nothing_is_found() {
        let left = without_allowed(Vec::new(), &[("no-sleep", "a.rs", "why")]);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].rule, "allowance");
    }

    #[test]
    fn a_finding_names_its_place() {
        assert_eq!(finding("a.rs").to_string(), "a.rs:7: no-sleep: sleeps");
    }
}

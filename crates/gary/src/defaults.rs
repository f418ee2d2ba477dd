//! A default is told in three places: in the help, in docs/running.md and in docs/manifest.md. They
//! say the same in the same words, and what the code does.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::CommandFactory;
use gary_manifest::{Color, DEFAULT_ADDR, DEFAULT_DRAIN, DEFAULT_MAX_BODY};

use crate::cli::Cli;

/// Flags whose default the manual tells elsewhere or the manifest words otherwise: a place to keep
/// state is none of the workload's, and a name can come from gary.toml itself.
const ELSEWHERE: [&str; 2] = ["state-dir", "name"];

/// What the help of `gary run` says, by flag.
fn of_the_help() -> BTreeMap<String, String> {
    let mut cli = Cli::command();
    // Flags that every command has are the run's only once it is built.
    cli.build();
    let run = cli.find_subcommand("run").expect("there is gary run");
    let told = run.get_arguments().filter_map(|argument| {
        let flag = argument.get_long()?.to_owned();
        let help = argument.get_help()?.to_string();
        let (_, default) = help.split_once("[default: ")?;
        let default = default.strip_suffix(']').expect("it is said last");
        Some((flag, default.to_owned()))
    });
    let told = told.filter(|(flag, _)| !ELSEWHERE.contains(&flag.as_str()));
    told.collect()
}

/// The cells of every row of a manual's tables.
fn rows(manual: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(manual);
    let text = fs::read_to_string(path).expect("the manual is there");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = |row: &str| {
        let cells = row.trim_end_matches('|').split(" | ");
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    };
    rows.map(cells).collect()
}

/// The cell of the row that is about `name`.
fn cell(rows: &[Vec<String>], name: &str, index: usize) -> String {
    let row = rows.iter().find(|row| {
        let flag = row[0].split(' ').next();
        flag == Some(name)
    });
    row.unwrap_or_else(|| panic!("no row is about {name}"))[index].clone()
}

#[test]
fn a_default_is_worded_once() {
    let (running, manifest) = (rows("running.md"), rows("manifest.md"));
    for (flag, default) in of_the_help() {
        let key = flag.replace('-', "_");
        assert_eq!(cell(&running, &format!("--{flag}"), 2), default, "{flag}");
        assert_eq!(cell(&manifest, &key, 2), default, "{key}");
    }
}

#[test]
fn a_default_is_what_happens() {
    let told = of_the_help();
    assert_eq!(told["addr"], DEFAULT_ADDR.to_string());
    assert_eq!(told["drain"], DEFAULT_DRAIN.to_string());
    assert_eq!(told["max-body"], DEFAULT_MAX_BODY.to_string());
    assert_eq!(told["color"], Color::default().to_string());
}

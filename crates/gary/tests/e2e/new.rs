//! `gary new`: a project that `gary run` builds and runs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::{Gary, Guest, skip};

/// Longest that a build of a new project takes, with all that it depends on.
const BUILD_MAX: Duration = Duration::from_secs(300);

/// What cargo says where a registry cannot be reached.
const OFFLINE: [&str; 4] = [
    "Could not resolve host",
    "failed to download",
    "failed to get",
    "network failure",
];

/// Makes the project, with a target directory that outlives the test so that what it depends on is
/// built once.
fn make(gary: &Gary, name: &str, template: &str) {
    let outcome = gary
        .call(["new", name, "--template", template])
        .output()
        .exits(0);
    assert_eq!(outcome.text(), format!("made {name}\n"));
    assert!(
        outcome.stderr.contains(&format!("gary run {name}")),
        "{}",
        outcome.stderr
    );

    let target: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("new")
        .join(template);
    fs::create_dir_all(&target).expect("the target directory is ours");
    symlink(target, gary.work().join(name).join("target")).expect("the project has none yet");
}

fn offline(stderr: &str) -> bool {
    OFFLINE.iter().any(|words| stderr.contains(words))
}

#[test]
fn a_command_is_made_and_run() {
    let gary = Gary::new();
    make(&gary, "demo", "cli");
    let run = gary.run("demo").guest_args(["ann", "bob"]).start();
    let outcome = run.wait_within(BUILD_MAX).exits(0);
    assert_eq!(outcome.text(), "hello ann and bob, from demo\n");
    let bare = gary
        .work()
        .join("demo/target/wasm32-wasip2/release/demo.wasm");
    assert_eq!(gary.run(bare).output().exits(0).text(), "hello from demo\n");
}

#[test]
fn a_server_is_made_and_run() {
    let gary = Gary::new();
    make(&gary, "demo", "http");
    // Whatever builds the guests has the target installed.
    Guest("hello-cli").path();
    // Built by itself, so that a registry out of reach is told from a template that is wrong.
    let build = gary
        .shell("cd demo && cargo build --release --target wasm32-wasip2")
        .start();
    let built = build.wait_within(BUILD_MAX);
    if built.code != 0 && offline(&built.stderr) {
        return skip("a_server_is_made_and_run", "crates.io is out of reach");
    }
    built.exits(0);
    let server = gary.serve("demo").start().serving();
    server
        .get("/there")
        .is(200, "hello from demo, you asked for /there\n");
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let gary = Gary::new();
    let kept = gary.write("demo/Cargo.toml", "mine");
    let run = gary.call(["new", "demo", "--template", "cli"]).output();
    run.fails(5, &["demo", "not empty", "try: "]);
    assert_eq!(fs::read_to_string(kept).expect("it is still there"), "mine");
}

#[test]
fn the_directory_one_is_in_becomes_a_project() {
    let gary = Gary::new();
    let run = gary.call(["new", ".", "--template", "cli"]).output();
    assert_eq!(run.exits(0).text(), "made .\n");
    let manifest = fs::read_to_string(gary.work().join("gary.toml")).expect("it was made");
    // The harness calls the directory so.
    assert!(manifest.starts_with("name = \"work\"\n"), "{manifest}");

    let run = gary.call(["new", ".", "--template", "cli"]).output();
    run.fails(5, &["not empty", "try: "]);
}

#[test]
fn a_name_that_cannot_be() {
    let gary = Gary::new();
    gary.call(["new", "Not A Name", "--template", "cli"])
        .output()
        .fails(2, &["Not A Name"]);
    assert_eq!(fs::read_dir(gary.work()).expect("it is there").count(), 0);
}

#[test]
fn a_name_that_cargo_refuses() {
    let gary = Gary::new();
    for (name, why) in [
        ("1abc", "digit"),
        ("fn", "word of Rust's"),
        ("test", "library of Rust's"),
        ("core", "library of Rust's"),
        ("build", "directory of cargo's"),
    ] {
        for template in ["cli", "http"] {
            let again = format!("try: gary new my-{name} --template {template}\n");
            gary.call(["new", name, "--template", template])
                .output()
                .fails(2, &[name, why, &again]);
        }
    }
    assert_eq!(fs::read_dir(gary.work()).expect("it is there").count(), 0);
}

//! What a command is given, and that it is given nothing else.

use std::fs;

use crate::support::{Gary, Guest, Outcome};

const HELLO: Guest = Guest("hello-cli");

fn hello(gary: &Gary, flags: &[&str], args: &[&str]) -> Outcome {
    gary.run(HELLO.path()).args(flags).guest_args(args).output()
}

#[test]
fn nothing_of_the_environment_is_granted() {
    let gary = Gary::new();
    let run = gary
        .run(HELLO.path())
        .env("SECRET", "x")
        .guest_args(["env"])
        .output();
    assert_eq!(run.exits(0).text(), "");
}

#[test]
fn the_environment_is_what_was_given() {
    let gary = Gary::new();
    gary.write(
        "vars.env",
        "# a comment\nFROM_FILE=1\nGREETING='not this'\n",
    );
    let flags = [
        "-e",
        "GREETING=hello there",
        "--env",
        "EMPTY=",
        "--env-file",
        "vars.env",
    ];
    let outcome = hello(&gary, &flags, &["env"]).exits(0);
    assert_eq!(
        outcome.text(),
        "EMPTY=\nFROM_FILE=1\nGREETING=hello there\n"
    );
}

#[test]
fn no_files_are_granted() {
    let gary = Gary::new();
    gary.write("secret", "x");
    for args in [
        ["ls", "."],
        ["ls", "/"],
        ["read", "secret"],
        ["read", "/etc/hostname"],
    ] {
        let outcome = hello(&gary, &[], &args).exits(1);
        assert_eq!(outcome.text(), "", "{args:?}");
        assert!(
            outcome.stderr.starts_with(&args.join(" ")),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn a_directory_is_granted_to_read_and_write() {
    let gary = Gary::new();
    gary.write("data/in", "from outside");
    let flags = ["--dir", "data"];
    assert_eq!(
        hello(&gary, &flags, &["ls", "data"]).exits(0).text(),
        "in\n"
    );
    assert_eq!(
        hello(&gary, &flags, &["read", "data/in"]).exits(0).text(),
        "from outside"
    );
    hello(&gary, &flags, &["write", "data/out", "from inside"]).exits(0);
    let written = fs::read_to_string(gary.work().join("data/out")).expect("it was written");
    assert_eq!(written, "from inside");
}

#[test]
fn a_directory_is_granted_to_read_only() {
    let gary = Gary::new();
    gary.write("data/in", "from outside");
    let flags = ["--dir", "data:ro"];
    assert_eq!(
        hello(&gary, &flags, &["read", "data/in"]).exits(0).text(),
        "from outside"
    );
    for name in ["data/in", "data/out"] {
        hello(&gary, &flags, &["write", name, "from inside"]).exits(1);
    }
    let kept = fs::read_to_string(gary.work().join("data/in")).expect("it is still there");
    assert_eq!(kept, "from outside");
    assert!(!gary.work().join("data/out").exists());
}

#[test]
fn a_directory_is_granted_under_another_name() {
    let gary = Gary::new();
    gary.write("data/in", "from outside");
    let flags = ["--dir", "data::/public:ro"];
    assert_eq!(
        hello(&gary, &flags, &["read", "/public/in"])
            .exits(0)
            .text(),
        "from outside"
    );
    hello(&gary, &flags, &["read", "data/in"]).exits(1);
}

#[test]
fn a_granted_directory_has_no_way_out() {
    let gary = Gary::new();
    gary.write("secret", "x");
    gary.write("data/in", "from outside");
    std::os::unix::fs::symlink("../secret", gary.work().join("data/link")).expect("it is new");
    for path in ["data/../secret", "data/link"] {
        let outcome = hello(&gary, &["--dir", "data"], &["read", path]).exits(1);
        assert_eq!(outcome.text(), "", "{path}");
    }
}

#[test]
fn a_directory_has_one_name_however_it_is_written() {
    let gary = Gary::new();
    gary.write("data/sub/in", "from outside");
    for (dir, path) in [
        ("data/", "data/sub/in"),
        ("./data", "data/sub/in"),
        ("data//sub", "data/sub/in"),
        ("data/../data", "data/sub/in"),
        ("data::/x/", "/x/sub/in"),
        ("data::/x/./y/..", "/x/sub/in"),
    ] {
        let outcome = hello(&gary, &["--dir", dir], &["read", path]).exits(0);
        assert_eq!(outcome.text(), "from outside", "{dir}");
    }
}

#[test]
fn what_looks_like_an_option_is_no_part_of_a_path() {
    let gary = Gary::new();
    gary.write("data/in", "from outside");
    for option in [":RO", ":r", ",ro", "::ro"] {
        let outcome = hello(&gary, &["--dir", &format!("data::/x{option}")], &[]);
        outcome.fails(2, &["is no option", "try: write data::/x:ro "]);
    }
}

#[test]
fn two_directories_cannot_have_one_name() {
    let gary = Gary::new();
    gary.write("e1/in", "one");
    gary.write("e2/in", "two");
    let names_both = ["`e1::/x`", "`e2::/x`", "try: "];
    hello(&gary, &["--dir", "e1::/x", "--dir", "e2::/x"], &[]).fails(2, &names_both);
    let flags = ["--dir", "e1::/x", "--dir", "e1::/x"];
    hello(&gary, &flags, &["read", "/x/in"]).exits(0);
}

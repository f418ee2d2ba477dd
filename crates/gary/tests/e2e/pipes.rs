//! A stdout that nobody reads to its end.

use crate::support::{Gary, Guest};

const HELLO: Guest = Guest("hello-cli");

#[test]
fn a_guest_that_floods_a_closed_pipe_ends() {
    let gary = Gary::new();
    let script = format!(
        "\"$GARY\" run '{}' -- flood-stdout | head -c 10",
        HELLO.path().display()
    );
    let outcome = gary.shell(&script).output().exits(0);
    assert_eq!(outcome.text(), "xxxxxxxxxx");
    assert!(
        outcome.stderr.contains("stdout closed after"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_guest_whose_stdout_is_closed_from_the_start_is_told() {
    let run = Gary::new().run(HELLO.path()).guest_args(["cat"]).stdin("x");
    let outcome = run.start_with_closed_stdout().wait().exits(1);
    assert!(outcome.stderr.starts_with("cat: "), "{}", outcome.stderr);
}

#[test]
fn results_that_nobody_reads_are_no_failure() {
    let gary = Gary::new();
    let hello = HELLO.path();
    let hello = hello.to_str().expect("the checkout's path is text");
    for args in [
        &["inspect", hello][..],
        &["--help"],
        &["completions", "bash"],
        &["inspect", "--json", hello],
    ] {
        let outcome = gary.call(args).start_with_closed_stdout().wait().exits(0);
        assert_eq!(outcome.stderr, "", "{args:?}");
    }
}

#[test]
fn the_first_line_of_an_inspection() {
    let script = format!("\"$GARY\" inspect '{}' | head -n 1", HELLO.path().display());
    let outcome = Gary::new().shell(&script).output().exits(0);
    assert!(outcome.text().contains("hello-cli.wasm"), "{outcome:?}");
    assert_eq!(outcome.stderr, "");
}

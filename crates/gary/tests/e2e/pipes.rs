//! A stdout that nobody reads to its end.

use std::fs::File;
use std::io::Read;

use crate::support::{Gary, Guest};

const HELLO: Guest = Guest("hello-cli");

/// Without a time limit and with one, which has the guest run elsewhere.
const LIMITS: [&[&str]; 2] = [&[], &["--timeout", "1h"]];

#[test]
fn a_guest_that_floods_a_closed_pipe_ends() {
    let gary = Gary::new();
    for limit in LIMITS {
        let script = format!(
            "\"$GARY\" run '{}' {} -- flood-stdout | head -c 10",
            HELLO.path().display(),
            limit.join(" ")
        );
        let outcome = gary.shell(&script).output().exits(0);
        assert_eq!(outcome.text(), "xxxxxxxxxx");
        assert!(
            outcome.stderr.contains("stdout closed after"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn a_guest_whose_stdout_is_closed_from_the_start_is_told() {
    let gary = Gary::new();
    for limit in LIMITS {
        let run = gary.run(HELLO.path()).args(limit).guest_args(["cat"]);
        let run = run.stdin("x").start_with_closed_stdout();
        let outcome = run.wait().exits(1);
        assert!(outcome.stderr.starts_with("cat: "), "{}", outcome.stderr);
    }
}

#[test]
fn a_slow_reader_gets_every_byte() {
    let gary = Gary::new();
    let bytes: Vec<u8> = (0..1 << 18)
        .map(|n: u32| (n.wrapping_mul(n) >> 5) as u8)
        .collect();
    for limit in LIMITS {
        let (mut reader, stdout) = std::io::pipe().expect("a pipe can be made");
        let run = gary.run(HELLO.path()).args(limit).guest_args(["cat"]);
        let run = run.stdin(bytes.clone()).start_with_stdout(stdout);
        let (mut read, mut few) = (Vec::new(), [0; 7]);
        while let Ok(length @ 1..) = reader.read(&mut few) {
            read.extend_from_slice(&few[..length]);
        }
        run.wait().exits(0);
        assert!(read == bytes, "{limit:?}: the bytes differ");
    }
}

#[test]
fn a_guest_whose_output_nobody_reads_ends_at_its_time_limit() {
    let (_unread, stdout) = std::io::pipe().expect("a pipe can be made");
    let run = Gary::new()
        .run(HELLO.path())
        .args(["--timeout", "300ms"])
        .guest_args(["flood-stdout"])
        .start_with_stdout(stdout);
    run.wait().fails(124, &["time limit", "300ms"]);
}

#[test]
fn a_guest_ends_at_its_time_limit_with_nobody_to_be_told() {
    let (_unread, stdout) = std::io::pipe().expect("a pipe can be made");
    let gary = Gary::new();
    let script = format!(
        "exec \"$GARY\" run '{}' -v --timeout 300ms -- flood-stdout 2>&1",
        HELLO.path().display()
    );
    gary.shell(&script)
        .start_with_stdout(stdout)
        .wait()
        .exits(124);
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
fn results_that_cannot_be_written_are_a_failure() {
    let gary = Gary::new();
    let (hello, calc) = (HELLO.path(), Guest("calc").path());
    let hello = hello.to_str().expect("the checkout's path is text");
    let calc = calc.to_str().expect("the checkout's path is text");
    for args in [
        &["inspect", hello][..],
        &["inspect", "--json", hello],
        &["call", calc, "add(1, 2)"],
        &["completions", "bash"],
        &["new", "made", "--template", "cli"],
        &["--help"],
        &["--version"],
    ] {
        let full = File::options().write(true).open("/dev/full");
        let run = gary.call(args);
        let run = run.start_with_stdout(full.expect("the system has one"));
        run.wait()
            .fails(1, &["cannot write the result", "No space left", "try: "]);
    }
}

#[test]
fn the_first_line_of_an_inspection() {
    let script = format!("\"$GARY\" inspect '{}' | head -n 1", HELLO.path().display());
    let outcome = Gary::new().shell(&script).output().exits(0);
    assert!(outcome.text().contains("hello-cli.wasm"), "{outcome:?}");
    assert_eq!(outcome.stderr, "");
}

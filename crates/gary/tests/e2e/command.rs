//! `gary run` of a command: its streams, its arguments, its exit code.

use crate::support::{Gary, Guest};

const HELLO: Guest = Guest("hello-cli");
const HELLO_P1: Guest = Guest("hello-p1");
const CLI_P3: Guest = Guest("cli-p3");

#[test]
fn output_passes_through_byte_for_byte() {
    let outcome = Gary::new().run(HELLO.path()).output().exits(0);
    assert_eq!(outcome.stdout, b"hello from gary\n");
    assert_eq!(outcome.stderr, "");
}

#[test]
fn arguments_reach_the_guest() {
    let run = Gary::new()
        .run(HELLO.path())
        .guest_args(["one", "--two", ""])
        .output();
    assert_eq!(run.exits(0).text(), "hello from gary\none\n--two\n\n");
}

#[test]
fn stdin_reaches_the_guest_byte_for_byte() {
    let bytes: Vec<u8> = (0..1 << 20)
        .map(|n: u32| (n.wrapping_mul(n) >> 7) as u8)
        .collect();
    for guest in [HELLO, HELLO_P1] {
        let run = Gary::new()
            .run(guest.path())
            .guest_args(["cat"])
            .stdin(bytes.clone());
        let outcome = run.output();
        assert_eq!(outcome.code, 0, "{guest:?}: {}", outcome.stderr);
        assert!(outcome.stdout == bytes, "{guest:?}: the bytes differ");
    }
}

#[test]
fn the_guests_exit_code_is_garys() {
    let gary = Gary::new();
    for code in ["0", "1", "7", "255"] {
        let run = gary.run(HELLO.path()).guest_args(["exit", code]).output();
        let outcome = run.exits(code.parse().expect("it is a number"));
        assert_eq!(outcome.stderr, "");
    }
}

#[test]
fn stderr_passes_through() {
    let run = Gary::new()
        .run(HELLO.path())
        .guest_args(["stderr", "a word"])
        .output();
    let outcome = run.exits(0);
    assert_eq!((outcome.text(), outcome.stderr.as_str()), ("", "a word\n"));
}

#[test]
fn a_core_module_of_wasip1_runs() {
    let gary = Gary::new();
    let outcome = gary
        .run(HELLO_P1.path())
        .guest_args(["one"])
        .output()
        .exits(0);
    assert_eq!(outcome.text(), "hello from gary (wasip1)\none\n");
    let run = gary.run(HELLO_P1.path()).guest_args(["exit", "7"]);
    run.output().exits(7);
}

#[test]
fn a_command_of_wasi_0_3_runs() {
    let gary = Gary::new();
    let outcome = gary
        .run(CLI_P3.path())
        .guest_args(["one"])
        .output()
        .exits(0);
    assert_eq!(outcome.text(), "hello from gary (0.3)\none\n");
    gary.run(CLI_P3.path())
        .guest_args(["fail"])
        .output()
        .exits(1);
}

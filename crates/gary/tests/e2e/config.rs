//! `wasi:config` and `wasi:logging`.

use crate::support::{Gary, Guest};

const GUEST: Guest = Guest("config-log");

#[test]
fn a_guest_reads_what_it_was_given() {
    let gary = Gary::new();
    let flags = ["--config", "theme=dark", "--config", "empty="];
    let all = gary.run(GUEST.path()).args(flags).output().exits(0);
    assert_eq!(all.text(), "empty=\ntheme=dark\n");
    let one = gary
        .run(GUEST.path())
        .args(flags)
        .guest_args(["get", "theme"])
        .output()
        .exits(0);
    assert_eq!(one.text(), "dark\n");
}

#[test]
fn a_guest_that_was_given_nothing_reads_nothing() {
    let gary = Gary::new();
    assert_eq!(gary.run(GUEST.path()).output().exits(0).text(), "");
    gary.run(GUEST.path())
        .guest_args(["get", "theme"])
        .output()
        .exits(1);
}

#[test]
fn log_lines_go_to_stderr() {
    let gary = Gary::new();
    let log = ["log", "warn", "door", "it is open"];
    let words = gary.run(GUEST.path()).guest_args(log).output().exits(0);
    assert_eq!(
        (words.text(), words.stderr.as_str()),
        ("", "warn door: it is open\n")
    );

    let json = gary
        .run(GUEST.path())
        .arg("--json")
        .guest_args(log)
        .output()
        .exits(0);
    let event = json.event("log");
    assert_eq!(event["level"], "warn");
    assert_eq!(event["context"], "door");
    assert_eq!(event["message"], "it is open");
}

#[test]
fn a_log_line_cannot_command_the_terminal() {
    let log = ["log", "info", "door", "\u{1b}[2Jgone"];
    let outcome = Gary::new()
        .run(GUEST.path())
        .guest_args(log)
        .output()
        .exits(0);
    assert!(!outcome.stderr.contains('\u{1b}'), "{:?}", outcome.stderr);
}

#[test]
fn a_log_event_has_the_message_as_it_was() {
    for message in ["two\nlines", "a backslash and an n: \\n", "\u{1b}[2Jgone"] {
        let outcome = Gary::new()
            .run(GUEST.path())
            .arg("--json")
            .guest_args(["log", "info", "door", message])
            .output()
            .exits(0);
        assert_eq!(outcome.event("log")["message"], message);
    }
}

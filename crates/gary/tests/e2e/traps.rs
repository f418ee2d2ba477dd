//! Commands that trap: the reason in words, the way there by name, and exit code 134.

use crate::support::{Gary, Guest};

const TRAP: Guest = Guest("trap");

#[test]
fn a_trap_says_why_and_where() {
    let gary = Gary::new();
    for (way, reason, function) in [
        ("unreachable", "unreachable", "trap::unreachable"),
        ("oob", "out of bounds", "trap::out_of_bounds"),
        ("stack", "stack is exhausted", "trap::deeper"),
        ("div", "divided by zero", "trap::divide_by"),
    ] {
        let outcome = gary.run(TRAP.path()).guest_args([way]).output();
        let first = "error: the guest trapped: ";
        let outcome = outcome.fails(134, &[first, reason, function]);
        assert!(outcome.stderr.lines().count() < 200, "{}", outcome.stderr);
    }
}

#[test]
fn a_guests_own_panic_is_told_in_its_words_and_ours() {
    let outcome = Gary::new()
        .run(TRAP.path())
        .guest_args(["panic"])
        .output()
        .exits(134);
    for word in ["asked to panic", "error: the guest trapped: ", "trap::main"] {
        assert!(
            outcome.stderr.contains(word),
            "no {word:?} in: {}",
            outcome.stderr
        );
    }
}

#[test]
fn a_trap_is_an_event_too() {
    let run = Gary::new()
        .run(TRAP.path())
        .arg("--json")
        .guest_args(["oob"])
        .output()
        .exits(134);
    let trap = run.event("trap");
    assert!(
        trap["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("out of bounds"))
    );
    let backtrace = trap["backtrace"].as_array().expect("it is a list");
    let named =
        |frame: &serde_json::Value| frame.as_str().is_some_and(|f| f.contains("out_of_bounds"));
    assert!(backtrace.iter().any(named), "{backtrace:?}");
    assert_eq!(
        run.event("exit"),
        serde_json::json!({"event": "exit", "code": 134, "by": "gary"})
    );
}

//! How much is told, and as what.

use crate::support::{Gary, Guest, check_schema};

const HELLO: Guest = Guest("hello-cli");
const HTTP: Guest = Guest("hello-http");
const EVENTS: &str = "run-events.schema.json";

#[test]
fn verbose_tells_what_was_used() {
    let outcome = Gary::new().run(HELLO.path()).arg("-v").output().exits(0);
    assert_eq!(outcome.text(), "hello from gary\n");
    for word in ["s of processor time", "MiB of memory"] {
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
    }
}

#[test]
fn more_verbose_also_tells_what_was_decided() {
    let run = |flags: &[&str]| {
        let gary = Gary::new();
        let run = gary.run(HELLO.path()).args(["--allow-net", "localhost"]);
        let run = run.args(flags).guest_args(["resolve", "localhost"]);
        run.output().exits(0)
    };
    let outcome = run(&["-vv"]);
    for words in [
        "debug: where things are kept (cache: ",
        "debug: looked up (name: \"localhost\", addrs: [",
    ] {
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
    assert!(!run(&["-v"]).stderr.contains("debug: "));
    for event in run(&["-vv", "--json"]).events() {
        check_schema(EVENTS, &event);
    }
}

#[test]
fn verbose_logs_each_request() {
    let server = Gary::new().serve(HTTP.path()).arg("-v").start().serving();
    server.get("/env?x=1");
    server.get("/nowhere");
    server.stderr_with("GET /env?x=1 200");
    server.stderr_with("GET /nowhere 404");
}

#[test]
fn requests_are_not_logged_unasked() {
    let server = Gary::new().serve(HTTP.path()).start().serving();
    server.get("/");
    let outcome = server.stop().exits(0);
    assert!(!outcome.stderr.contains("GET"), "{}", outcome.stderr);
}

#[test]
fn quiet_leaves_the_serving_line() {
    let server = Gary::new().serve(HTTP.path()).arg("-q").start().serving();
    server.get("/");
    let line = format!("serving hello-http at http://{}/\n", server.addr());
    assert_eq!(server.stop().exits(0).stderr, line);
}

#[test]
fn the_last_event_says_that_the_code_is_the_guests() {
    let run = Gary::new()
        .run(HELLO.path())
        .args(["--json", "-v"])
        .guest_args(["exit", "7"]);
    let outcome = run.output().exits(7);
    let events = outcome.events();
    for event in &events {
        check_schema(EVENTS, event);
    }
    let kinds: Vec<_> = events.iter().map(|event| event["event"].clone()).collect();
    assert_eq!(kinds, ["loaded", "usage", "exit"]);
    assert_eq!(
        events.last(),
        Some(&serde_json::json!({"event": "exit", "code": 7, "by": "guest"}))
    );
}

#[test]
fn the_last_event_says_that_the_code_is_garys() {
    let gary = Gary::new();
    for (what, code) in [("missing.wasm", 7), (".", 3)] {
        let outcome = gary.run(what).arg("--json").output().exits(code);
        let events = outcome.events();
        assert_eq!(
            events.len(),
            outcome.stderr.lines().count(),
            "{}",
            outcome.stderr
        );
        for event in &events {
            check_schema(EVENTS, event);
        }
        assert_eq!(events[0]["event"], "error");
        let exit = serde_json::json!({"event": "exit", "code": code, "by": "gary"});
        assert_eq!(events.last(), Some(&exit));
    }
}

#[test]
fn a_servers_life_is_told_in_events() {
    let server = Gary::new()
        .serve(Guest("trap-http").path())
        .args(["--json", "-v"])
        .start()
        .serving();
    server.get("/");
    server.get("/trap");
    let outcome = server.stop().exits(0);
    let events = outcome.events();
    assert_eq!(
        events.len(),
        outcome
            .stderr
            .lines()
            .filter(|line| line.starts_with('{'))
            .count()
    );
    for event in &events {
        check_schema(EVENTS, event);
    }
    for kind in ["loaded", "serving", "request", "trap", "usage", "exit"] {
        outcome.event(kind);
    }
    assert_eq!(outcome.event("request")["status"], 200);
}

#[test]
fn colour_is_for_terminals_or_those_who_ask() {
    let gary = Gary::new();
    let plain = gary.run("missing.wasm").output();
    assert!(!plain.stderr.contains('\u{1b}'), "{:?}", plain.stderr);
    let colored = gary
        .run("missing.wasm")
        .args(["--color", "always"])
        .output();
    assert!(colored.stderr.contains('\u{1b}'), "{:?}", colored.stderr);
    // Whatever the command: scripts may say it wherever.
    for command in [
        ["ps", "--color", "always"].as_slice(),
        &["nodes", "--color", "always"],
        &["--color", "always", "why", "hello"],
        &["context", "use", "pis", "--color", "always"],
    ] {
        let colored = gary.call(command).output();
        assert!(
            colored.stderr.contains('\u{1b}'),
            "{command:?}: {colored:?}"
        );
    }
    let contexts = gary.call(["context", "list", "--color", "never"]).output();
    contexts.exits(0);
    let nonsense = gary.call(["ps", "--color", "sometimes"]).output();
    nonsense.fails(2, &["--color", "sometimes"]);
}

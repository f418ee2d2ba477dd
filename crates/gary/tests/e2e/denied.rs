//! What a guest was denied is told, with the flag that grants it.

use crate::support::{Gary, Guest, Outcome, check_schema};

const HELLO: Guest = Guest("hello-cli");

fn hello(flags: &[&str], args: &[&str]) -> Outcome {
    let gary = Gary::new();
    gary.run(HELLO.path()).args(flags).guest_args(args).output()
}

#[test]
fn a_refused_destination_is_named_with_its_grant() {
    let (star, other) = (["--allow-net", "*"], ["--allow-net", "192.0.2.2"]);
    for (flags, args, note, hint) in [
        (
            &[][..],
            ["connect", "127.0.0.1:5432"],
            "the network: 127.0.0.1:5432\n",
            "--allow-net 127.0.0.1:5432\n",
        ),
        (
            &[],
            ["connect", "[::1]:5432"],
            "the network: [::1]:5432\n",
            "--allow-net [::1]:5432\n",
        ),
        (
            &other,
            ["udp", "192.0.2.1:53"],
            "the network: 192.0.2.1:53\n",
            "--allow-net 192.0.2.1:53\n",
        ),
        // A datagram of 0.2 wants a socket that is bound, before it says where it goes.
        (
            &[],
            ["udp", "192.0.2.1:53"],
            "the network: binding a socket\n",
            "try: --allow-net HOST:PORT, or --listen-net for what comes from anywhere\n",
        ),
        (
            &[],
            ["resolve", "api.example.com"],
            "the network: looking up api.example.com\n",
            "--allow-net api.example.com\n",
        ),
        (
            &[],
            ["listen", "4711"],
            "the network: listening at 127.0.0.1:4711\n",
            "--listen-net\n",
        ),
        (
            &star,
            ["connect", "127.0.0.1:5432"],
            "127.0.0.1:5432, a loopback, private or link-local address, which needs a grant of its own",
            "--allow-net 127.0.0.1:5432\n",
        ),
        (
            &star,
            ["resolve", "localhost"],
            "(localhost leads to it)",
            "try: --allow-net ",
        ),
    ] {
        let outcome = hello(flags, &args).exits(1);
        assert!(
            outcome
                .stderr
                .starts_with("note: hello-cli was denied the network: "),
            "{args:?}: {}",
            outcome.stderr
        );
        for words in [note, hint] {
            assert!(
                outcome.stderr.contains(words),
                "{args:?}: {}",
                outcome.stderr
            );
        }
        assert_eq!(outcome.stderr.matches("note: ").count(), 1, "{outcome:?}");
    }
}

#[test]
fn the_flag_that_is_tried_grants_it() {
    let run = ["resolve", "localhost"];
    let outcome = hello(&[], &run).exits(1);
    let hint = outcome
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("try: "));
    let flags: Vec<&str> = hint.expect("there is one").split(' ').collect();
    assert_eq!(hello(&flags, &run).exits(0).stderr, "");
}

#[test]
fn a_server_is_told_of_once_for_each_destination() {
    let server = Gary::new().serve(Guest("proxy").path()).start().serving();
    for path in ["/?url=http://a.example/", "/?url=https://a.example/"] {
        for _ in 0..2 {
            assert_eq!(server.get(path).status, 502);
        }
    }
    let said = server.stop().exits(0).stderr;
    for port in [80, 443] {
        let note = format!(
            "note: proxy was denied the network: a.example:{port}\ntry: --allow-net a.example:{port}\n"
        );
        assert_eq!(said.matches(&note).count(), 1, "{said}");
    }
}

#[test]
fn the_quiet_are_not_told() {
    let outcome = hello(&["-q"], &["resolve", "a.example"]).exits(1);
    assert!(!outcome.stderr.contains("denied"), "{}", outcome.stderr);
}

#[test]
fn a_denial_is_an_event() {
    let outcome = hello(&["--json"], &["resolve", "a.example"]).exits(1);
    let event = outcome.event("denied");
    check_schema("run-events.schema.json", &event);
    assert_eq!(
        event,
        serde_json::json!({
            "event": "denied",
            "name": "hello-cli",
            "message": "hello-cli was denied the network: looking up a.example",
            "try": "--allow-net a.example",
        })
    );
}

#[test]
fn a_guest_that_fails_for_want_of_a_directory_is_told_of() {
    let note =
        "note: hello-cli looked for files and was given no directory\ntry: --dir HOST::GUEST\n";
    let outcome = hello(&[], &["read", "/etc/hostname"]).exits(1);
    assert!(outcome.stderr.ends_with(note), "{}", outcome.stderr);

    // One that has a directory, one that did not look and one that failed by a socket.
    for (flags, args) in [
        (&["--dir", "."][..], ["read", "missing"]),
        (&[], ["exit", "7"]),
        (&["--allow-net", "127.0.0.1"], ["connect", "127.0.0.1:1"]),
    ] {
        let outcome = hello(flags, &args);
        assert_ne!(outcome.code, 0, "{args:?}");
        assert!(!outcome.stderr.contains("note: "), "{}", outcome.stderr);
    }
}

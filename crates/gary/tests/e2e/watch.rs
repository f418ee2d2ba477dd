//! `--watch`: a change starts anew once, what fails waits for the next one, a signal ends it.

use std::fs;

use rustix::process::Signal;

use crate::support::{Gary, Guest};

#[test]
fn a_change_restarts_once_and_what_fails_waits_for_the_next() {
    let gary = Gary::new();
    let bytes = |guest: &'static str| fs::read(Guest(guest).path()).expect("it was built");
    let component = gary.write("app.wasm", bytes("hello-http"));
    let server = gary.serve(&component).arg("--watch").start().serving();
    assert_eq!(server.get("/").status, 200);

    gary.write("app.wasm", "no component");
    server.stderr_with("waiting for a change");
    gary.write("app.wasm", bytes("slow"));
    server.stderr_with("app.wasm changed\nserving app at");
    server.signal(Signal::INT);
    let ended = server.wait().exits(0);
    // Gary opens and reads the component at each start, which is no change.
    let changes = ended.stderr.matches("app.wasm changed").count();
    assert_eq!(changes, 2, "{}", ended.stderr);
}

#[test]
fn a_signal_ends_what_waits_for_a_change() {
    let gary = Gary::new();
    let component = gary.write("app.wasm", "no component");
    let waiting = gary.serve(&component).arg("--watch").start();
    waiting.stderr_with("waiting for a change");
    // The note comes just before the signal is listened for, so the first may end it either way.
    waiting.signal(Signal::TERM);
    let code = waiting.wait().code;
    assert!([130, 143].contains(&code), "{code}");
}

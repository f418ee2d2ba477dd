//! Guests in JavaScript and Python, built by the tools that their authors would use.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::{Gary, built_by_npm, built_by_pip, skip};

/// These components are of many megabytes; in the cache of the tests they wait for the next run.
const COMPILE_MAX: Duration = Duration::from_secs(300);

fn answers(guest: PathBuf, hello: &str) {
    let gary = Gary::new();
    let server = gary.serve(&guest).start().serving_within(COMPILE_MAX);
    server.get("/").is(200, hello);
    server.get("/echo?x=1").is(200, "GET /echo\n");
    server.get("/nowhere").is(404, "not found\n");
    server.stop().exits(0);

    let again = gary.serve(&guest).args(["-v", "--json"]).start().serving();
    again.get("/").is(200, hello);
    let outcome = again.stop().exits(0);
    assert_eq!(outcome.event("loaded")["cached"], true);
}

#[test]
fn a_guest_in_javascript_answers() {
    match built_by_npm() {
        Some(guest) => answers(guest, "hello from javascript\n"),
        None => skip("a_guest_in_javascript_answers", "npm could not build it"),
    }
}

#[test]
fn a_guest_in_python_answers() {
    match built_by_pip() {
        Some(guest) => answers(guest, "hello from python\n"),
        None => skip("a_guest_in_python_answers", "pip could not build it"),
    }
}

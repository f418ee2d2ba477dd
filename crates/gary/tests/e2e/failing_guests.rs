//! HTTP guests that fail: what the client sees, and that the next request is none the worse.

use crate::support::{Client, Gary, Guest, Process, get, runtime};

const TRAP: Guest = Guest("trap-http");

fn serve() -> Process {
    Gary::new().serve(TRAP.path()).start().serving()
}

#[test]
fn a_trap_before_the_answer_is_a_500() {
    let server = serve();
    assert_eq!(server.get("/trap").status, 500);
    server.get("/").is(200, "hello from gary\n");
    let said = server.stderr_with("the guest trapped at GET /trap: ");
    assert!(said.contains("unreachable"), "{said}");
}

#[test]
fn a_trap_in_a_reused_instance_takes_no_other_request_with_it() {
    let gary = Gary::new();
    let server = gary.serve(Guest("http-p3").path()).start().serving();
    server.get("/count").is(200, "1\n");
    assert_eq!(server.get("/trap").status, 500);
    server.get("/count").is(200, "1\n");
}

#[test]
fn a_trap_in_the_middle_of_the_body_breaks_it_off() {
    let server = serve();
    // How much of the answer left before the trap is the sockets' to say, but it is never whole.
    if let Ok(answer) = server.try_send(get("/late")) {
        assert!(answer.broken.is_some(), "{answer:?}");
    }
    server.get("/").is(200, "hello from gary\n");
    server.stderr_with("the guest trapped");
}

#[test]
fn a_guest_that_does_not_answer_is_a_500() {
    let server = serve();
    assert_eq!(server.get("/none").status, 500);
    server.get("/").is(200, "hello from gary\n");
}

/// Asks over HTTP/2 for a response that its guest will not finish.
fn is_broken_off(server: &Process, path: &str) {
    let answer = runtime().block_on(async {
        let mut client = Client::http2(server.addr()).await;
        client.ask(get(path)).await
    });
    assert!(answer.broken.is_some(), "{answer:?}");
}

#[test]
fn over_http2_too_a_trap_in_the_middle_of_the_body_breaks_it_off() {
    let server = serve();
    for _ in 0..10 {
        is_broken_off(&server, "/late");
    }
    server.stderr_with("the guest trapped at GET /late");
}

#[test]
fn over_http2_too_the_time_limit_breaks_a_body_off() {
    let server = Gary::new()
        .serve(Guest("slow").path())
        .args(["--timeout", "300ms"])
        .start()
        .serving();
    is_broken_off(&server, "/drip?n=1000&ms=20");
}

#[test]
fn failures_do_not_use_up_the_instances() {
    let gary = Gary::new();
    let server = gary
        .serve(TRAP.path())
        .args(["--max-concurrency", "1"])
        .start()
        .serving();
    for path in ["/trap", "/late", "/none"].repeat(3) {
        // What each of them shows is told above.
        let _ = server.try_send(get(path));
    }
    server.get("/").is(200, "hello from gary\n");
}

#[test]
fn a_flood_of_failures_is_not_a_flood_of_words() {
    let server = serve();
    for _ in 0..40 {
        assert_eq!(server.get("/trap").status, 500);
    }
    let outcome = server.stop().exits(0);
    let told = outcome.stderr.matches("the guest trapped").count();
    assert!((1..40).contains(&told), "told {told} times");
    let counts = outcome.stderr.lines().filter_map(|line| {
        let (count, _) = line.split_once(" more requests failed")?;
        count.parse::<usize>().ok()
    });
    assert_eq!(told + counts.sum::<usize>(), 40, "{}", outcome.stderr);
}

#[test]
fn failures_that_were_only_counted_are_told_without_another() {
    let server = serve();
    // Far more than are told in the time that they take.
    for _ in 0..100 {
        assert_eq!(server.get("/trap").status, 500);
    }
    server.stderr_with(" more requests failed");
}

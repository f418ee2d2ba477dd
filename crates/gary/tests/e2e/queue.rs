//! Requests that find no room wait, and then are told to come again.

use std::thread;

use crate::support::{Client, Gary, Guest, Process, get, runtime};

/// Asks a second time while a first request holds all there is, and a third time once it is gone.
fn second_is_turned_away(server: &Process) {
    let answer = runtime().block_on(async {
        let mut client = Client::http1(server.addr()).await;
        // Its head is there, so its place is taken; its body goes on for as long as the connection.
        let _held = client.begin(get("/drip?n=100000&ms=20")).await;
        thread::scope(|scope| {
            scope
                .spawn(|| server.get("/?ms=1"))
                .join()
                .expect("it was answered")
        })
    });
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    server.get("/?ms=1").is(200, "waited 1 ms\n");
}

#[test]
fn at_the_limit_of_concurrency_a_request_waits_and_is_turned_away() {
    let gary = Gary::new();
    let server = gary
        .serve(Guest("slow").path())
        .args(["--max-concurrency", "1"])
        .start()
        .serving();
    second_is_turned_away(&server);
}

#[test]
fn without_room_in_memory_a_request_waits_and_is_turned_away() {
    let gary = Gary::new();
    // Enough for one instance, which starts with a little over 1 MiB, and not for two.
    let server = gary
        .serve(Guest("slow").path())
        .args(["--memory", "2MiB"])
        .start()
        .serving();
    second_is_turned_away(&server);
}

#[test]
fn a_request_that_waits_is_answered_once_there_is_room() {
    let gary = Gary::new();
    for limit in [
        ["--max-concurrency", "1"],
        ["--memory", "2MiB"],
        // Not a whole number of pages.
        ["--memory", "2049KiB"],
    ] {
        let server = gary
            .serve(Guest("slow").path())
            .args(limit)
            .start()
            .serving();
        let answers: Vec<_> = thread::scope(|scope| {
            let asked: Vec<_> = (0..6)
                .map(|_| scope.spawn(|| server.get("/?ms=50")))
                .collect();
            asked
                .into_iter()
                .map(|asked| asked.join().expect("it was answered"))
                .collect()
        });
        for answer in answers {
            answer.is(200, "waited 50 ms\n");
        }
    }
}

#[test]
fn a_guest_whose_memory_others_hold_is_to_come_again() {
    let gary = Gary::new();
    // Two instances start with a little over 1 MiB each, and only one of them may have 3 more.
    let server = gary
        .serve(Guest("slow").path())
        .args(["--memory", "7MiB"])
        .start()
        .serving();
    server.get("/?mib=3&ms=1").is(200, "waited 1 ms\n");
    let crowded = runtime().block_on(async {
        let mut client = Client::http1(server.addr()).await;
        let _held = client.begin(get("/drip?mib=3&n=100000&ms=20")).await;
        thread::scope(|scope| {
            let asked = scope.spawn(|| server.get("/?mib=3&ms=1"));
            asked.join().expect("it was answered")
        })
    });
    assert_eq!(crowded.status, 503, "{crowded:?}");
    assert!(crowded.headers.contains_key("retry-after"), "{crowded:?}");
    server.stderr_with("trapped at GET /?mib=3&ms=1: memory limit reached: memory is 7MiB");
    // Nobody else is in the way of what does not fit at all.
    assert_eq!(server.get("/?mib=9&ms=1").status, 500);
}

//! A stderr that nobody reads, as of a terminal that is stopped.

use std::net::TcpStream;
use std::time::Instant;

use rustix::process::Signal;

use crate::support::{Client, Gary, Guest, Process, WAIT_MAX, get, runtime};

/// More than any pipe holds, and more than Gary keeps for a reader.
const FLOOD_BYTES: usize = 3 << 20;
/// Bytes of a path, which is told with the request.
const PATH_BYTES: usize = 16 << 10;

/// Asks for so much that what is told of it fills the pipe and all that stands before it.
fn flood_stderr(server: &Process) {
    let path = format!("/nowhere?{}", "x".repeat(PATH_BYTES));
    runtime().block_on(async {
        let mut client = Client::http1(server.addr()).await;
        for _ in 0..FLOOD_BYTES / PATH_BYTES {
            assert_eq!(client.ask(get(&path)).await.status, 404);
        }
    });
}

/// Waits until the server takes no more connections.
fn wait_until_stopping(server: &Process) {
    let start = Instant::now();
    while TcpStream::connect(server.addr()).is_ok() {
        assert!(start.elapsed() < WAIT_MAX, "it goes on serving");
    }
}

#[test]
fn requests_are_answered_while_nobody_reads_of_them() {
    let gary = Gary::new();
    for flags in [&["-v"][..], &["-v", "--json"]] {
        let server = gary.serve(Guest("slow").path()).args(flags);
        let server = server.start().serving();
        server.stop_reading_stderr();
        flood_stderr(&server);
        server.read_stderr_again();
        server.stderr_with("lines not told, because nobody read them in time: ");
        server.get("/?ms=1");
        let outcome = server.stop().exits(0);
        let (_, last) = outcome.stderr.rsplit_once("in time: ").expect("it is told");
        assert!(last.contains("/?ms=1"), "{last}");
        if flags.contains(&"--json") {
            assert_eq!(outcome.events().len(), outcome.stderr.lines().count());
            outcome.event("exit");
        }
    }
}

#[test]
fn signals_are_heard_while_nobody_reads_of_them() {
    let server = Gary::new()
        .serve(Guest("slow").path())
        .args(["-v", "--drain", "1h"])
        .start()
        .serving();
    server.stop_reading_stderr();
    flood_stderr(&server);
    runtime().block_on(async {
        let mut client = Client::http1(server.addr()).await;
        let _held = client.begin(get("/drip?n=100000&ms=50")).await;
        server.signal(Signal::INT);
        wait_until_stopping(&server);
        server.signal(Signal::INT);
        server.wait().exits(130);
    });
}

//! Signals: requests under way are let end, a second signal ends at once.

use http_body_util::BodyExt;
use rustix::process::Signal;
use tokio::time::timeout;

use crate::support::{Client, Gary, Guest, Process, WAIT_MAX, get, runtime};

const SLOW: Guest = Guest("slow");

/// Begins a request, calls `then` once its response has begun, and returns how much of it came.
fn chunks_of_a_drip(server: &Process, path: &str, then: impl FnOnce()) -> Result<usize, String> {
    runtime().block_on(async {
        let mut client = Client::http1(server.addr()).await;
        let mut body = client.begin(get(path)).await.into_body();
        let mut received = Vec::new();
        let mut then = Some(then);
        while let Some(frame) = timeout(WAIT_MAX, body.frame()).await.expect("it goes on") {
            let frame = frame.map_err(|error| error.to_string())?;
            received.extend_from_slice(&frame.into_data().expect("it is data"));
            if let Some(then) = then.take() {
                then();
            }
        }
        Ok(received.split(|byte| *byte == b'\n').count() - 1)
    })
}

#[test]
fn a_request_under_way_is_let_end() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = Gary::new().serve(SLOW.path()).start().serving();
        let chunks = chunks_of_a_drip(&server, "/drip?n=10&ms=100", || server.signal(signal));
        assert_eq!(chunks, Ok(10), "{signal:?}");
        server.wait().exits(0);
    }
}

#[test]
fn a_request_that_does_not_end_is_cut_off() {
    let server = Gary::new()
        .serve(SLOW.path())
        .args(["--drain", "200ms"])
        .start()
        .serving();
    let stop = || server.signal(Signal::TERM);
    let chunks = chunks_of_a_drip(&server, "/drip?n=100000&ms=50", stop);
    assert!(chunks.is_err(), "{chunks:?}");
    server.wait().exits(0);
}

#[test]
fn an_idle_server_ends_at_once_even_with_a_connection_kept_open() {
    let server = Gary::new()
        .serve(SLOW.path())
        .args(["--drain", "1h"])
        .start()
        .serving();
    runtime().block_on(async {
        let mut client = Client::http1(server.addr()).await;
        client.ask(get("/?ms=1")).await.is(200, "waited 1 ms\n");
        server.stop().exits(0);
    });
}

#[test]
fn a_second_signal_ends_at_once() {
    let server = Gary::new()
        .serve(SLOW.path())
        .args(["--drain", "1h"])
        .start()
        .serving();
    runtime().block_on(async {
        let mut client = Client::http1(server.addr()).await;
        let _held = client.begin(get("/drip?n=100000&ms=50")).await;
        server.signal(Signal::INT);
        server.stderr_with("stopping");
        server.signal(Signal::INT);
        server.wait().exits(130);
    });
}

#[test]
fn a_server_that_was_stopped_has_freed_its_address() {
    let gary = Gary::new();
    let first = gary.serve(SLOW.path()).start().serving();
    first.get("/?ms=1").is(200, "waited 1 ms\n");
    let addr = first.addr().to_string();
    first.stop().exits(0);
    let second = gary
        .run(SLOW.path())
        .args(["--addr", &addr])
        .start()
        .serving();
    second.get("/?ms=1").is(200, "waited 1 ms\n");
}

#[test]
fn a_client_that_never_spoke_does_not_delay_the_end() {
    let server = Gary::new()
        .serve(SLOW.path())
        .args(["--drain", "1h"])
        .start()
        .serving();
    // A server that has answered has accepted whoever came before.
    let _silent = std::net::TcpStream::connect(server.addr()).expect("the server accepts");
    runtime().block_on(async {
        let mut client = Client::http1(server.addr()).await;
        client.begin(get("/?ms=0")).await;
    });
    server.signal(Signal::TERM);
    server.wait().exits(0);
}

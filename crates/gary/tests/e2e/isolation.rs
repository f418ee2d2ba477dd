//! A guest that keeps the processor keeps nobody else waiting.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use rustix::process::Signal;

use crate::support::{Gary, Guest};

/// Answers that have to come while the loops run, to tell service from luck.
const ANSWERS_MIN: usize = 3;

#[test]
fn a_loop_on_every_core_delays_no_other_request_and_is_stopped() {
    let server = Gary::new()
        .serve(Guest("spin").path())
        .args(["--timeout", "3s"])
        .start()
        .serving();
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let looping = AtomicUsize::new(cores);
    thread::scope(|scope| {
        let loops: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| {
                    let answer = server.get("/spin");
                    looping.fetch_sub(1, Relaxed);
                    answer
                })
            })
            .collect();
        let mut answers = 0;
        while looping.load(Relaxed) > 0 {
            server.get("/").is(200, "hello from gary\n");
            answers += usize::from(looping.load(Relaxed) == cores);
        }
        assert!(answers >= ANSWERS_MIN, "{answers} answers beside the loops");
        for stopped in loops {
            assert_eq!(stopped.join().expect("it was answered").status, 504);
        }
    });
    server.get("/").is(200, "hello from gary\n");
}

#[test]
fn a_loop_does_not_keep_a_server_from_ending() {
    let server = Gary::new()
        .serve(Guest("spin").path())
        .args(["--drain", "200ms", "--json", "-v"])
        .start()
        .serving();
    thread::scope(|scope| {
        let cut = scope.spawn(|| {
            // It is cut off without an answer, however that shows.
            let _ = TcpStream::connect(server.addr()).and_then(|mut stream| {
                stream.write_all(b"GET /spin HTTP/1.1\r\nhost: x\r\n\r\n")?;
                stream.read(&mut [0; 64])
            });
        });
        server.get("/").is(200, "hello from gary\n");
        server.signal(Signal::TERM);
        cut.join().expect("its connection ended");
    });
    server.wait().exits(0);
}

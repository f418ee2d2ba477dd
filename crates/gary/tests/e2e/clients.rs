//! Clients that misbehave: slow ones, loud ones, and ones that leave.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use futures::channel::oneshot;
use http::{HeaderName, HeaderValue};

use crate::support::{Client, Gary, Guest, Process, WAIT_MAX, get, runtime};

const HELLO: Guest = Guest("hello-http");

/// Sends these bytes as they are and returns what comes back until the server closes.
fn raw(server: &Process, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.addr()).expect("it serves");
    stream
        .set_read_timeout(Some(WAIT_MAX))
        .expect("it is not zero");
    // The server may have heard enough before all of it is sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_client_that_sends_half_a_request_keeps_nobody_waiting() {
    let gary = Gary::new();
    let server = gary
        .serve(HELLO.path())
        .args(["--max-concurrency", "1"])
        .start()
        .serving();
    let starts: [&[u8]; 4] = [b"", b"G", b"PRI", b"GET / HTTP/1.1\r\nhost: x\r\nx-slow:"];
    let half_sent: Vec<TcpStream> = starts
        .iter()
        .cycle()
        .take(40)
        .map(|start| {
            let mut stream = TcpStream::connect(server.addr()).expect("it accepts");
            stream.write_all(start).expect("it takes the bytes");
            stream
        })
        .collect();
    server.get("/").is(200, "hello from gary\n");
    drop(half_sent);
    server.get("/").is(200, "hello from gary\n");
}

#[test]
fn a_head_that_is_too_long_is_a_431() {
    let server = Gary::new().serve(HELLO.path()).start().serving();
    let long = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nhost: x\r\n{}\r\n",
        "x-many: 1\r\n".repeat(1000)
    );
    for head in [long, many] {
        let answer = raw(&server, head.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    server.get("/").is(200, "hello from gary\n");
}

#[test]
fn over_http2_too_a_head_of_too_many_fields_is_a_431() {
    let server = Gary::new().serve(HELLO.path()).start().serving();
    let mut request = get("/");
    for number in 0..200 {
        let name = format!("x-many-{number}").parse::<HeaderName>();
        let value = HeaderValue::from_static("1");
        request
            .headers_mut()
            .insert(name.expect("it is legal"), value);
    }
    let answer = runtime().block_on(async {
        let mut client = Client::http2(server.addr()).await;
        client.ask(request).await
    });
    assert_eq!(answer.status, 431, "{answer:?}");
}

#[test]
fn what_is_no_http_is_refused() {
    let server = Gary::new().serve(HELLO.path()).start().serving();
    for noise in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"\0\0\0\0\r\n\r\n",
        b"hello\r\n\r\n",
    ] {
        let answer = raw(&server, noise);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
            "{answer}"
        );
    }
    let hosts = [
        "",
        "host: no such host\r\n",
        "host: a/b\r\n",
        "host: a\r\nhost: b\r\n",
    ];
    for host in hosts {
        let head = format!("GET / HTTP/1.1\r\n{host}connection: close\r\n\r\n");
        let no_host = raw(&server, head.as_bytes());
        assert!(no_host.starts_with("HTTP/1.1 400 "), "{no_host}");
    }
    server.get("/").is(200, "hello from gary\n");
}

#[test]
fn http_1_0_is_answered() {
    let server = Gary::new().serve(HELLO.path()).start().serving();
    let answer = raw(&server, b"GET / HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
    assert!(answer.ends_with("hello from gary\n"), "{answer}");
}

#[test]
fn a_client_that_leaves_leaves_no_instance_behind() {
    let server = Gary::new()
        .serve(Guest("flood").path())
        .args(["--max-concurrency", "1", "-v"])
        .start()
        .serving();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.addr()).expect("it accepts");
        let request = b"GET /?mb=100000 HTTP/1.1\r\nhost: x\r\n\r\n";
        stream.write_all(request).expect("it takes the bytes");
        stream
            .read_exact(&mut [0; 1 << 16])
            .expect("the response begins");
        drop(stream);
        // The only place there is has to be free again for this.
        let next = server.get("/?mb=0");
        assert_eq!(next.status, 200, "{next:?}");
    }
    server.stderr_with("a connection ended early");
    let said = server.stop().exits(0).stderr;
    assert!(!said.contains("trapped"), "{said}");
}

#[test]
fn a_client_that_takes_nothing_holds_back_no_other() {
    let server = Gary::new().serve(Guest("flood").path()).start().serving();
    runtime().block_on(async {
        let mut client = Client::http1(server.addr()).await;
        // Its body is not read, so the guest soon waits for room to write to.
        let _held = client.begin(get("/?mb=100000")).await;
        let mut other = Client::http1(server.addr()).await;
        let answer = other.ask(get("/?mb=1")).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 1 << 20));
    });
}

#[test]
fn a_client_of_http2_that_takes_nothing_is_cut_off() {
    let server = Gary::new()
        .serve(Guest("flood").path())
        .args(["-v"])
        .start()
        .serving();
    let (release, released) = oneshot::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            runtime().block_on(async {
                let mut client = Client::http2(server.addr()).await;
                // Once its window is full there is nothing that Gary could write, though the client
                // goes on to answer for its connection.
                let _held = client.begin(get("/?mb=100000")).await;
                let _ = released.await;
            });
        });
        server.stderr_with("the client took nothing of its response for too long");
        drop(release);
    });
}

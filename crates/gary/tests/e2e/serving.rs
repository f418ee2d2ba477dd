//! `gary run` of an HTTP component: where it serves and which HTTP it speaks.

use std::net::TcpListener;

use http::{Method, Version};

use crate::support::{Client, Gary, Guest, body, checkout, get, runtime, skip};

const HELLO: Guest = Guest("hello-http");
const HTTP_P3: Guest = Guest("http-p3");

#[test]
fn guests_of_every_kind_answer() {
    let gary = Gary::new();
    for (guest, text) in [
        (HELLO, "hello from gary\n"),
        (HTTP_P3, "hello from gary\n"),
        (Guest("wstd-http"), "hello from wstd\n"),
    ] {
        let server = gary.serve(guest.path()).start().serving();
        server.get("/").is(200, text);
        server.get("/nowhere").is(404, "not found\n");
    }
}

#[test]
fn what_both_serves_and_runs_is_served() {
    let gary = Gary::new();
    let text = r#"(component
        (import "wasi:http/types@0.2.0" (instance $types
            (export "incoming-request" (type (sub resource)))
            (export "response-outparam" (type (sub resource)))))
        (alias export $types "incoming-request" (type $request))
        (alias export $types "response-outparam" (type $out))
        (core module $m
            (func (export "run") (result i32) (i32.const 0))
            (func (export "handle") (param i32 i32)))
        (core instance $i (instantiate $m))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (func $handle (param "request" (own $request)) (param "response-out" (own $out))
            (canon lift (core func $i "handle")))
        (instance $command (export "run" (func $run)))
        (instance $handler (export "handle" (func $handle)))
        (export "wasi:cli/run@0.2.0" (instance $command))
        (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))"#;
    let both = gary.write(
        "both.wasm",
        wat::parse_str(text).expect("it is WebAssembly"),
    );
    let inspected = gary.call(["inspect", "both.wasm"]).output().exits(0);
    let world = "wasi:http/proxy@0.2, gary run serves it\n";
    assert!(inspected.text().contains(world), "{inspected:?}");
    let server = gary.serve(both).start().serving();
    // It ends without an answer, and is asked.
    assert_eq!(server.get("/").status, 500);
    server.stop().exits(0);
}

#[test]
fn the_port_that_was_bound_is_printed() {
    let server = Gary::new().serve(HELLO.path()).start().serving();
    assert_ne!(server.addr().port(), 0);
    let line = format!("serving hello-http at http://{}/\n", server.addr());
    server.stderr_with(&line);
}

#[test]
fn an_ipv6_address_is_bracketed() {
    if TcpListener::bind("[::1]:0").is_err() {
        return skip("an_ipv6_address_is_bracketed", "this machine has no IPv6");
    }
    let server = Gary::new()
        .run(HELLO.path())
        .args(["--addr", "[::1]:0"])
        .start()
        .serving();
    server.stderr_with("at http://[::1]:");
    server.get("/").is(200, "hello from gary\n");
}

#[test]
fn an_address_in_use_is_a_conflict() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let addr = taken.local_addr().expect("it is bound").to_string();
    let run = Gary::new()
        .run(HELLO.path())
        .args(["--addr", &addr])
        .output();
    run.fails(5, &[&addr, "in use", "try: "]);
}

#[test]
fn one_connection_serves_many_requests() {
    let server = Gary::new().serve(HELLO.path()).start().serving();
    runtime().block_on(async {
        let mut client = Client::http1(server.addr()).await;
        for _ in 0..3 {
            client.ask(get("/")).await.is(200, "hello from gary\n");
        }
    });
}

#[test]
fn http2_is_spoken_to_those_who_begin_with_it() {
    let gary = Gary::new();
    for guest in [HELLO, HTTP_P3] {
        let server = gary.serve(guest.path()).start().serving();
        runtime().block_on(async {
            let mut client = Client::http2(server.addr()).await;
            let response = client.begin(get("/")).await;
            assert_eq!(response.version(), Version::HTTP_2);
            client.ask(get("/")).await.is(200, "hello from gary\n");
        });
    }
}

#[test]
fn a_head_request_gets_no_body() {
    let server = Gary::new().serve(HELLO.path()).start().serving();
    let head = http::Request::builder()
        .method(Method::HEAD)
        .uri("/")
        .body(body(""));
    let answer = server.send(head.expect("the request is legal"));
    answer.is(200, "");
    assert_eq!(answer.headers["content-type"], "text/plain");
}

#[test]
fn the_guest_sees_the_request_as_it_was_sent() {
    let server = Gary::new().serve(HELLO.path()).start().serving();
    let request = http::Request::builder()
        .method(Method::PUT)
        .uri("/headers?a=%20b")
        .header("host", "hello.localhost")
        .header("x-word", "one")
        .header("x-word", "two")
        .body(body(""))
        .expect("the request is legal");
    let answer = server.send(request);
    assert_eq!(answer.status, 200);
    for line in [
        "PUT /headers?a=%20b",
        ":authority: hello.localhost",
        "x-word: one",
        "x-word: two",
    ] {
        assert!(
            answer.text().lines().any(|has| has == line),
            "no {line} in: {}",
            answer.text()
        );
    }
}

#[test]
fn a_server_gets_no_environment_beyond_what_is_given() {
    let gary = Gary::new();
    let server = gary
        .serve(HELLO.path())
        .args(["-e", "A=1"])
        .env("SECRET", "x")
        .start()
        .serving();
    server.get("/env").is(200, "A=1\n");
}

#[test]
fn a_guest_of_0_2_is_fresh_for_every_request_and_one_of_0_3_is_reused() {
    let gary = Gary::new();
    let reused = gary.serve(HTTP_P3.path()).start().serving();
    reused.get("/count").is(200, "1\n");
    reused.get("/count").is(200, "2\n");

    let fresh = gary
        .serve(HTTP_P3.path())
        .args(["--reuse", "1"])
        .start()
        .serving();
    fresh.get("/count").is(200, "1\n");
    fresh.get("/count").is(200, "1\n");

    let twice = gary
        .serve(HTTP_P3.path())
        .args(["--reuse", "2"])
        .start()
        .serving();
    let counts: Vec<_> = (0..4).map(|_| twice.get("/count").body).collect();
    assert_eq!(counts, [b"1\n", b"2\n", b"1\n", b"2\n"]);
}

#[test]
fn files_are_served() {
    let gary = Gary::new();
    let example = checkout().join("examples/static-files");
    let public = format!("{}::/public:ro", example.join("public").display());
    let server = gary
        .serve(Guest("static-files").path())
        .args(["--dir", &public])
        .start()
        .serving();
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(server.get("/../gary.toml").status, 404);
}

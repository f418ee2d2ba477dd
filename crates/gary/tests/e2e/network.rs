//! The network a guest may reach: none by default, then host by host.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::support::{Gary, Guest, Outcome};

const HELLO: Guest = Guest("hello-cli");
const PROXY: Guest = Guest("proxy");

/// A listener that greets whoever connects, for as long as the test process lives.
fn greeter() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let addr = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.and_then(|mut stream| stream.write_all(b"greetings\n"));
        }
    });
    addr
}

fn hello(flags: &[&str], args: &[&str]) -> Outcome {
    Gary::new()
        .run(HELLO.path())
        .args(flags)
        .guest_args(args)
        .output()
}

#[test]
fn no_connection_is_granted() {
    let addr = greeter().to_string();
    let outcome = hello(&[], &["connect", &addr]).exits(1);
    assert_eq!(outcome.text(), "");
    hello(&[], &["udp", &addr]).exits(1);
}

#[test]
fn no_name_is_looked_up() {
    let outcome = hello(&[], &["resolve", "localhost"]).exits(1);
    assert_eq!(outcome.text(), "");
}

#[test]
fn a_granted_address_is_reached_and_no_other_port() {
    let (granted, other) = (greeter().to_string(), greeter().to_string());
    let flags = ["--allow-net", granted.as_str()];
    assert_eq!(
        hello(&flags, &["connect", &granted]).exits(0).text(),
        "greetings\n"
    );
    hello(&flags, &["connect", &other]).exits(1);
}

#[test]
fn the_star_does_not_reach_this_machine() {
    let addr = greeter().to_string();
    hello(&["--allow-net", "*"], &["connect", &addr]).exits(1);
}

#[test]
fn a_granted_name_is_looked_up() {
    let outcome = hello(&["--allow-net", "localhost"], &["resolve", "localhost"]).exits(0);
    assert!(
        outcome
            .text()
            .lines()
            .any(|line| line == "127.0.0.1" || line == "::1"),
        "{outcome:?}"
    );
    hello(&["--allow-net", "localhost"], &["resolve", "example.com"]).exits(1);
}

#[test]
fn listening_takes_a_grant_of_its_own() {
    hello(&[], &["listen", "0"]).exits(1);

    let gary = Gary::new();
    let run = gary
        .run(HELLO.path())
        .arg("--listen-net")
        .guest_args(["listen", "0"])
        .start();
    let said = run.stdout_with("\n");
    let addr = said
        .trim()
        .strip_prefix("listening on ")
        .expect("it says where");
    let mut greeting = String::new();
    TcpStream::connect(addr)
        .and_then(|mut stream| stream.read_to_string(&mut greeting))
        .expect("it accepts");
    assert_eq!(greeting, "hello from gary\n");
    run.wait().exits(0);
}

#[test]
fn outbound_http_follows_the_same_grants() {
    let gary = Gary::new();
    let hello = gary.serve(Guest("hello-http").path()).start().serving();
    let target = hello.addr().to_string();
    let path = format!("/?url=http://{target}/");

    let denied = gary.serve(PROXY.path()).start().serving();
    assert_eq!(denied.get(&path).status, 502);

    let granted = gary
        .serve(PROXY.path())
        .args(["--allow-net", &target])
        .start()
        .serving();
    granted.get(&path).is(200, "hello from gary\n");
}

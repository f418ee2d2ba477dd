//! A system that lets Gary open only a few files.

use crate::support::{Gary, Guest};

#[test]
fn too_few_are_an_error_from_the_start() {
    let gary = Gary::new();
    for (command, guest, call) in [
        ("run", "hello-cli", ""),
        ("run", "hello-http", ""),
        ("call", "calc", "'add(1, 1)'"),
    ] {
        let path = Guest(guest).path();
        let script = format!(
            "ulimit -n 12; exec \"$GARY\" {command} '{}' {call}",
            path.display()
        );
        gary.shell(&script).output().fails(
            1,
            &["the system allows 12 open files", "try: ulimit -n 1024"],
        );
    }
}

#[test]
fn the_fewest_that_it_asks_for_suffice() {
    let gary = Gary::new();
    let path = Guest("hello-http").path();
    let script = format!(
        "ulimit -n 32; exec \"$GARY\" run '{}' --addr 127.0.0.1:0",
        path.display()
    );
    let server = gary.shell(&script).start().serving();
    server.get("/").is(200, "hello from gary\n");
    server.stop().exits(0);
}

//! A small address space, as 39-bit boards have, is no reason not to run.

use crate::support::{Gary, Guest};

/// Less than the pool reserves and as much as such a board has for one process, in KiB.
const ADDRESS_SPACE_KIB: u64 = 300 << 20;

#[test]
fn without_room_for_a_pool_memory_is_taken_on_demand() {
    let gary = Gary::new();
    let limited = |command: &str| {
        gary.shell(&format!(
            "ulimit -v {ADDRESS_SPACE_KIB}; exec \"$GARY\" {command}"
        ))
    };

    let http = Guest("hello-http").path();
    let server = limited(&format!("run '{}' --addr 127.0.0.1:0", http.display()))
        .start()
        .serving();
    for _ in 0..100 {
        server.get("/").is(200, "hello from gary\n");
    }
    server.stop().exits(0);

    let cli = Guest("hello-cli").path();
    let outcome = limited(&format!("run '{}'", cli.display()))
        .output()
        .exits(0);
    assert_eq!(outcome.text(), "hello from gary\n");
}

#[test]
fn more_requests_than_there_is_room_for_wait() {
    let gary = Gary::new();
    let slow = Guest("slow").path();
    let script = format!(
        "ulimit -v {ADDRESS_SPACE_KIB}; exec \"$GARY\" run '{}' --addr 127.0.0.1:0",
        slow.display()
    );
    let server = gary.shell(&script).start().serving();
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..100)
            .map(|_| scope.spawn(|| server.get("/?ms=100")))
            .collect();
        for answer in asked {
            answer
                .join()
                .expect("it was answered")
                .is(200, "waited 100 ms\n");
        }
    });
}

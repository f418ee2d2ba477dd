//! `wasi:keyvalue`: nothing is lost, a named store stays, and one process has it at a time.

use std::collections::BTreeSet;
use std::thread;

use rustix::process::Signal;

use crate::support::{Gary, Guest, Process};

const COUNTER: Guest = Guest("kv-counter");
const THREADS: u64 = 4;
const REQUESTS_PER_THREAD: u64 = 25;

fn serve(gary: &Gary) -> Process {
    gary.serve(COUNTER.path()).start().serving()
}

#[test]
fn increments_at_once_are_not_lost() {
    let server = serve(&Gary::new());
    for path in ["/", "/memory"] {
        let counted: BTreeSet<u64> = thread::scope(|scope| {
            let count = || -> Vec<u64> {
                let counts = (0..REQUESTS_PER_THREAD).map(|_| {
                    let answer = server.get(path);
                    answer
                        .text()
                        .trim()
                        .parse()
                        .unwrap_or_else(|_| panic!("{answer:?}"))
                });
                counts.collect()
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(count)).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("it counted"))
                .collect()
        });
        assert_eq!(
            counted,
            (1..=THREADS * REQUESTS_PER_THREAD).collect(),
            "{path}"
        );
    }
}

#[test]
fn a_named_store_survives_a_restart_and_the_unnamed_one_does_not() {
    let gary = Gary::new();
    let before = serve(&gary);
    before.get("/").is(200, "1\n");
    before.get("/memory").is(200, "1\n");
    before.get("/set?k=word&v=kept").is(200, "set\n");
    before.stop().exits(0);

    let after = serve(&gary);
    after.get("/").is(200, "2\n");
    after.get("/memory").is(200, "1\n");
    after.get("/get?k=word").is(200, "kept\n");
}

#[test]
fn what_was_answered_survives_a_killed_process() {
    let gary = Gary::new();
    let before = serve(&gary);
    before.get("/").is(200, "1\n");
    before.signal(Signal::KILL);
    before.wait();
    serve(&gary).get("/").is(200, "2\n");
}

#[test]
fn a_second_process_is_told_who_holds_the_store() {
    let gary = Gary::new();
    let holder = serve(&gary);
    holder.get("/").is(200, "1\n");

    let second = serve(&gary);
    let refused = second.get("/");
    assert_eq!(refused.status, 500);
    let holds = format!("held by process {}", holder.id());
    assert!(
        refused.text().contains(&holds),
        "no {holds:?} in {:?}",
        refused.text()
    );
    second.get("/memory").is(200, "1\n");

    holder.stop().exits(0);
    second.get("/").is(200, "2\n");
}

#[test]
fn workloads_of_different_names_have_different_stores() {
    let gary = Gary::new();
    let one = serve(&gary);
    let other = gary
        .serve(COUNTER.path())
        .args(["--name", "other"])
        .start()
        .serving();
    one.get("/").is(200, "1\n");
    other.get("/").is(200, "1\n");
}

#[test]
fn the_rest_of_the_interface_works() {
    let server = serve(&Gary::new());
    server
        .get("/many")
        .is(200, "many-a=MANY-A\nmany-b=MANY-B\nmany-c is not there\n");
    server.get("/keys").is(200, "many-a\nmany-b\n");
    server.get("/delete?k=many-a").is(200, "deleted\n");
    server.get("/delete?k=many-a").is(200, "not there\n");
    assert_eq!(server.get("/get?k=many-a").status, 404);
}

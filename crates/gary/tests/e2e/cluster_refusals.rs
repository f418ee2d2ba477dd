//! What a node, or a cluster, does not do: each says so by its code and in words, and leaves nothing half done.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use gary_node::RunSpec;
use gary_node::client::{Deployment, Kind, Person};
use tempfile::TempDir;

use crate::cluster::{Cluster, HELLO};
use crate::support::{Gary, Outcome, WAIT_MAX, runtime};

/// Runs a node where no other is in its way.
const RUN: [&str; 6] = ["node", "run", "--listen", "127.0.0.1:0", "--ingress", "off"];

/// A node by itself, whose home is that of its own Gary.
fn node() -> Gary {
    let gary = Gary::new();
    let init = ["node", "init", "--root-out", "root.key", "--name", "alone"];
    gary.call(init).output().exits(0);
    gary
}

fn run(gary: &Gary, listen: &str) -> Outcome {
    let run = ["node", "run", "--listen", listen, "--ingress", "off"];
    gary.call(run).output()
}

#[test]
fn a_node_that_cannot_start_says_why() {
    let gary = node();
    gary.call(["node", "init", "--root-out", "other.key"])
        .output()
        .fails(5, &["there is a node in", "another --state-dir"]);
    // The root key of what was not founded would only be mistaken for another.
    assert!(!gary.work().join("other.key").exists());
    gary.call(["nodes"])
        .output()
        .fails(8, &["no node answers", "gary node run"]);

    let taken = UdpSocket::bind("127.0.0.1:0").expect("there is a port");
    let taken = taken.local_addr().map(|at| (taken, at.to_string()));
    let (_held, taken) = taken.expect("it has an address");
    run(&gary, &taken).fails(5, &["cannot listen", &taken, "--listen"]);

    let running = gary.call(RUN).start();
    running.stderr_with("node alone at ");
    run(&gary, "127.0.0.1:0").fails(5, &["in use by another process", "already"]);
    running.stop().exits(0);

    let nowhere = Gary::new();
    run(&nowhere, "127.0.0.1:0").fails(7, &["there is no node", "gary node init"]);
    assert!(!nowhere.state().join("node").exists());
}

#[test]
fn a_node_serves_and_is_asked_where_nothing_else_is_said() {
    let gary = node();
    let socket = gary.runtime().join("gary/alone.sock");
    // By whatever is at the port of a node that is told none, and is not this test's.
    let taken = TcpListener::bind("[::]:8080");
    let run = ["node", "run", "--listen", "127.0.0.1:0"];
    let refused = gary.call(run).output();
    refused.fails(5, &["cannot serve at [::]:8080", "--ingress"]);
    drop(taken);

    let running = gary.call(RUN).start();
    let said = running.stderr_with("socket ");
    assert!(!said.contains("ingress"), "{said}");
    assert!(socket.exists());
    // It is found by its state, whatever the environment is of whoever asks.
    let asks = gary.call(["nodes"]).env("XDG_RUNTIME_DIR", "");
    asks.output().exits(0);
    // One of the same name has a state of its own, and no socket of its own yet.
    let state = gary.work().join("other");
    let state = state.to_str().expect("it is text");
    let init = ["node", "init", "--root-out", "other.key", "--name", "alone"];
    let there = ["--state-dir", state];
    gary.call(init).args(there).output().exits(0);
    let refused = gary.call(RUN).args(there).output();
    refused.fails(5, &["another node is asked at", "alone.sock", "--socket"]);
    let mut other = gary.call(RUN).args(there);
    other = other.args(["--socket", "other.sock"]);
    let other = other.start();
    other.stderr_with("other.sock\n");
    gary.call(["nodes"]).args(there).output().exits(0);
    other.stop().exits(0);
    running.stop().exits(0);
    assert!(!socket.exists());
}

#[test]
fn a_socket_whose_path_is_too_long_is_refused_with_the_flag_to_use() {
    let gary = node();
    let long = gary.work().join("x".repeat(100));
    fs::create_dir(&long).expect("the home is new");
    let long = long.to_str().expect("it is text");
    let bytes = long.len() + "/gary/alone.sock".len();
    let refused = gary.call(RUN).env("XDG_RUNTIME_DIR", long).output();
    let bytes = format!("{bytes} bytes");
    refused.fails(3, &[&bytes, "107 at most", "try: --socket"]);
    let up = ["dev", "up", "--state-dir", long, "--ingress", "127.0.0.1:0"];
    gary.call(up)
        .output()
        .fails(3, &["107 at most", "try: --state-dir"]);
    // A socket elsewhere is all that it takes.
    let mut running = gary.call(RUN).env("XDG_RUNTIME_DIR", long);
    running = running.args(["--socket", "short.sock"]);
    let running = running.start();
    running.stderr_with("short.sock\n");
    gary.call(["nodes"]).output().exits(0);
    running.stop().exits(0);
}

#[test]
fn a_state_of_a_later_release_is_refused_and_left_as_it_is() {
    let gary = node();
    let file = gary.state().join("node/store.redb");
    // Says that it is of a format, in the way that gary-store does, and which it was of before.
    let mark = |format: u64| {
        let store = redb::Database::open(&file).expect("it is a store");
        let marks = store.begin_write().expect("it can be written");
        let meta = redb::TableDefinition::<&str, u64>::new("store/meta");
        let mut table = marks.open_table(meta).expect("every store has one");
        let before = table.insert("format", format).expect("it can be written");
        let before = before.map(|before| before.value());
        drop(table);
        marks.commit().expect("it can be written");
        before
    };
    let known = mark(1_000).expect("every store has a format");
    run(&gary, "127.0.0.1:0").fails(1, &["format 1000", "later release", "try: "]);
    assert_eq!(mark(known), Some(1_000));
    let running = gary.call(RUN).start();
    running.stderr_with("node alone at ");
    running.stop().exits(0);
}

#[test]
fn a_state_directory_that_cannot_be_written_to_is_refused() {
    let home = TempDir::new().expect("a temporary directory can be made");
    let allow = |dir: &Path, mode| fs::set_permissions(dir, fs::Permissions::from_mode(mode));
    let (state, config) = (home.path().join("state"), home.path().join("config"));
    for (dir, mode) in [(&state, 0o555), (&config, 0o777)] {
        fs::create_dir(dir).expect("the home is new");
        allow(dir, mode).expect("it is ours");
    }
    allow(home.path(), 0o755).expect("it is ours");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gary"));
    command
        .args(["node", "init"])
        .env("GARY_STATE_DIR", &state)
        .env("GARY_CONFIG_DIR", &config)
        .current_dir("/");
    if rustix::process::geteuid().is_root() {
        // Nothing is read-only for root: the binary is run as somebody else, where that one may run it at all.
        command.uid(65_534).gid(65_534);
    }
    let Ok(refused) = command.output() else {
        return crate::support::skip("read-only state", "nobody else may run the binary");
    };
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{stderr}");
    for word in ["error: ", "cannot be written to", "try: --state-dir"] {
        assert!(stderr.contains(word), "{stderr}");
    }
    for dir in [&state, &config] {
        let mut left = fs::read_dir(dir).expect("it is there");
        assert!(left.next().is_none(), "nothing is half done");
    }
}

#[test]
fn a_token_that_lets_nobody_in_says_why() {
    let first = node();
    let runs = first.call(RUN).start();
    runs.stderr_with("node alone at ");
    let token = |lasts: &str| {
        let create = ["token", "create", "--root", "root.key", "--expires", lasts];
        let created = first.call(create).output().exits(0);
        created.text().trim().to_owned()
    };
    let join = |gary: &Gary, token: &str| gary.call(["node", "join", token]).output();
    let joiner = Gary::new();
    join(&joiner, "gary1.garbage").fails(3, &["this is no token", "gary token create"]);
    let expired = token("1ms");
    join(&joiner, &expired).fails(9, &["has expired", "gary token create"]);
    // By the root of another cluster, and for a node of this one.
    let other = node();
    let root = other.work().join("root.key");
    let root = root.to_str().expect("it is text");
    let create = first.call(["token", "create", "--root", root]).output();
    create.fails(3, &["the root key is of another cluster", "--root"]);
    // Whoever was not let in is no node, and may yet come to be one.
    assert!(!joiner.state().join("node").exists());
    run(&joiner, "127.0.0.1:0").fails(7, &["there is no node"]);
    join(&joiner, &token("1m")).exits(0);
    join(&joiner, &token("1m")).fails(5, &["there is a node in"]);
    let elsewhere = token("1m");
    runs.stop().exits(0);
    join(&Gary::new(), &elsewhere).fails(8, &["nobody answers", "can it be reached"]);
}

#[test]
fn of_two_people_at_once_one_is_told_that_the_other_was_first() {
    let cluster = Cluster::up(3);
    let hello = HELLO.path();
    let hello = hello.to_str().expect("it is text");
    cluster
        .does(["deploy", hello, "--name", "hello", "--replicas", "1"])
        .exits(0);
    let config = |number: usize| cluster.0.state().join(format!("person{number}"));
    let context = fs::read_to_string(cluster.0.state().join("../config/context"));
    let context = context.expect("the cluster was selected");
    for number in 0..2 {
        fs::create_dir(config(number)).expect("the state is writable");
        fs::write(config(number).join("context"), &context).expect("the state is writable");
    }
    let until = Instant::now() + WAIT_MAX;
    // Never as many as there are already, which would change nothing.
    for round in 1.. {
        let ready = Barrier::new(2);
        let outcomes = thread::scope(|scope| {
            let scales = |number: usize| {
                let ready = &ready;
                let replicas = ((2 * round + number) % 4 + 1).to_string();
                let call = cluster.0.call(["scale", "hello", &replicas]);
                let call = call.env("GARY_CONFIG_DIR", config(number));
                scope.spawn(move || {
                    ready.wait();
                    call.output()
                })
            };
            let both = [scales(0), scales(1)];
            both.map(|its| its.join().expect("it ends"))
        });
        let generation = |outcome: &Outcome| {
            let text = outcome.text().strip_prefix("committed hello gen ")?;
            text.split(' ').next().map(str::to_owned)
        };
        match outcomes {
            [one, other] if one.code == 0 && other.code == 0 => {
                // One was over before the other began.
                assert_ne!(generation(&one), generation(&other));
                assert!(Instant::now() < until, "they never meet");
            }
            [winner, loser] | [loser, winner] if winner.code == 0 => {
                let stands = generation(&winner).expect("it is committed");
                let stands = format!("generation {stands} stands");
                loser.fails(5, &["hello is not committed", &stands]);
                return;
            }
            outcomes => panic!("nobody was first: {outcomes:?}"),
        }
    }
}

#[test]
fn what_is_not_there_or_fits_nowhere_is_told() {
    let cluster = Cluster::up(2);
    for asks in [["scale", "nowhere", "2"].as_slice(), &["rm", "nowhere"]] {
        let asked = cluster.0.call(asks).output();
        asked.fails(7, &["no workload is called nowhere", "gary ps"]);
    }
    let hello = HELLO.path();
    let hello = hello.to_str().expect("it is text");
    let deploy = ["deploy", hello, "--name", "big", "--memory", "500GiB"];
    let deployed = cluster.does(deploy).exits(0);
    for why in [
        "note: no node promises what it needs",
        "note: n1: it promises",
        "note: n2: it promises",
    ] {
        assert!(deployed.stderr.contains(why), "{deployed:?}");
    }
    // It stands, and nobody is made to run it.
    let workloads = cluster.json(&["ps"]);
    let big = workloads.iter().find(|its| its["name"] == "big");
    let big = big.expect("it was committed");
    assert_eq!(big["hostings"].as_array().map(Vec::len), Some(0));
    cluster.does(["rm", "big"]).exits(0);
}

#[test]
fn who_does_not_promise_what_a_component_imports_is_not_asked_and_it_is_told() {
    let cluster = Cluster::up(2);
    let shown = cluster.does(["node", "show", "n1"]).exits(0);
    for package in ["wasi:http@0.2.", "wasi:http@0.3.", "wasi:logging"] {
        assert!(shown.text().contains(package), "{shown:?}");
    }
    let in_full = cluster.does(["node", "show", "n1", "--json"]).exits(0);
    assert!(in_full.text().contains("\"wasi:http/types@0.2."));

    // What this Gary lacks is refused before anybody is asked for anything.
    let odd = r#"(component
        (import "acme:missing/thing@1.2.0" (instance))
        (import "wasi:cli/stdout@0.2.0" (instance))
        (core module $m (func (export "run") (result i32) i32.const 0))
        (core instance $i (instantiate $m))
        (type $run (func (result (result))))
        (func $run (type $run) (canon lift (core func $i "run")))
        (instance $cli (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $cli)))"#;
    let bytes = wat::parse_str(odd).expect("it is well formed");
    cluster.0.write("odd.wasm", &bytes);
    let refused = cluster.does(["deploy", "odd.wasm"]);
    refused.fails(4, &["acme:missing/thing@1.2.0"]);

    // A Gary that has it deploys it, and these nodes, which do not promise it, are not asked.
    let socket = cluster.0.state().join("dev/n1/node.sock");
    let config = cluster.0.state().join("../config");
    runtime().block_on(async {
        let client = gary_node::client::Client::at(&socket);
        let person = Person::of(&config).expect("a key can be made");
        let deployment = deployment(
            bytes,
            &["acme:missing/thing@1.2.0", "wasi:cli/stdout@0.2.0"],
        );
        let deployed = client.deploy(&person, deployment, "majority").await;
        deployed.expect("it may be deployed");
    });
    let lacks = |node: &str| format!("{node} is not asked: it lacks acme:missing/thing@1.2.0");
    let says = |cluster: &Cluster| cluster.does(["why", "odd"]).exits(0).text().to_owned();
    let is_told = |why: &String| why.contains(&lacks("n1")) && why.contains(&lacks("n2"));
    cluster.until(says, is_told);
    // What it needs it needs in each generation.
    cluster.does(["scale", "odd", "2"]).exits(0);
    cluster.does(["restart", "odd"]).exits(0);
    cluster.does(["rollback", "odd", "1"]).exits(0);
    let why = cluster.until(says, |why| why.contains("generation 4") && is_told(why));
    assert!(!why.contains("does not host"), "nobody was asked: {why}");

    // What says nothing of interfaces, as an older client does not, is hosted as it was.
    runtime().block_on(async {
        let client = gary_node::client::Client::at(&socket);
        let person = Person::of(&config).expect("there is a key");
        let quiet = Deployment {
            name: "quiet".into(),
            ..deployment(HELLO.bytes(), &[])
        };
        let deployed = client.deploy(&person, quiet, "majority").await;
        deployed.expect("it may be deployed");
    });
    cluster.until(|its| its.hosts_of("quiet"), |hosts| hosts.len() == 1);
}

fn deployment(component: Vec<u8>, interfaces: &[&str]) -> Deployment {
    let artifact = gary_host::Artifact::new(component.clone()).expect("it is one");
    Deployment {
        name: "odd".into(),
        component,
        digest: *artifact.digest().as_bytes(),
        replicas: 1,
        cpu_cores_micro: 1_000,
        memory_bytes: 1 << 20,
        kind: Kind::Service { exclusive: false },
        hosts: Vec::new(),
        labels: Vec::new(),
        spread: Vec::new(),
        max_surge: 1,
        max_unavailable: 0,
        interfaces: interfaces.iter().map(ToString::to_string).collect(),
        spec: RunSpec::default(),
    }
}

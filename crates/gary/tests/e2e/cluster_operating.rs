//! Looking after workloads and nodes: what people ask of a cluster, and what an operator has a node do.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use crate::cluster::{Cluster, HELLO, to};
use crate::support::{Client, Gary, Guest, Outcome, check_listing, check_schema, get};

const TRAP: Guest = Guest("trap");
const HELLO_CLI: Guest = Guest("hello-cli");

/// Deploys a guest with its arguments, and does not wait for it.
fn deploys(cluster: &Cluster, guest: Guest, flags: &[&str], args: &[&str]) {
    let path = guest.path();
    let path = path.to_str().expect("it is text");
    let typed = ["deploy", path].into_iter().chain(flags.iter().copied());
    let typed = typed.chain(["--"]).chain(args.iter().copied());
    cluster.0.call(typed).output().exits(0);
}

/// Waits until a command says all of these.
fn until_said<const COUNT: usize>(
    cluster: &Cluster,
    args: [&str; COUNT],
    words: &[&str],
) -> Outcome {
    let said = |outcome: &Outcome| words.iter().all(|word| outcome.text().contains(word));
    cluster.until(|its| its.does(args).exits(0), said)
}

#[test]
fn what_a_workload_writes_and_why_it_fails_is_told_wherever_it_runs() {
    let cluster = Cluster::up(3);
    deploys(&cluster, TRAP, &["--name", "boom"], &["panic"]);
    // It goes from node to node, as each gives it up, and its keepers tell where it trapped.
    until_said(&cluster, ["ps"], &["boom", "crashing"]);
    until_said(
        &cluster,
        ["why", "boom"],
        &["boom, generation 1", "trapped"],
    );
    let logs = until_said(&cluster, ["logs", "boom"], &["* the guest trapped: "]);
    assert!(logs.text().contains("/0 | "), "{logs:?}");
    until_said(&cluster, ["logs", "boom", "--previous", "-t"], &["trapped"]);
    until_said(
        &cluster,
        ["events"],
        &["boom: replica 0 of generation 1: started"],
    );
    let promises = until_said(&cluster, ["promises", "boom"], &["+keep", "-use"]);
    assert!(!promises.text().contains("+capacity"), "{promises:?}");
    for unknown in ["why", "logs", "history", "wait", "restart", "rollback"] {
        cluster.does([unknown, "nobody"]).fails(7, &["nobody"]);
    }
    cluster.does(["promises", "nobody"]).fails(7, &["nobody"]);
    cluster
        .does(["logs", "boom", "--replica", "1"])
        .fails(7, &["boom has no replica 1"]);

    // What is not well is not served, and says so before it is given up.
    let path = HELLO.path();
    let path = path.to_str().expect("it is text");
    let ill = format!(
        "name = \"ill\"\ncomponent = \"{path}\"\n[health]\npath = \"/nope\"\ninterval = \"200ms\"\n"
    );
    let ill = cluster.0.write("ill.toml", ill);
    cluster
        .does(["deploy", ill.to_str().expect("it is text")])
        .exits(0);
    until_said(&cluster, ["why", "ill"], &["not well yet", "/nope", "404"]);
    until_said(&cluster, ["logs", "ill"], &["not well yet"]);
    let waited = cluster.does(["wait", "ill", "--timeout", "100ms"]);
    waited.fails(124, &["0 of 1 replicas"]);
    cluster.does(["rm", "ill"]).exits(0);

    // What is listed as JSON is what docs/openapi.json describes.
    for (args, of) in [
        (vec!["ps"], "WorkloadShown"),
        (vec!["nodes"], "NodeShown"),
        (vec!["node", "show"], "NodeState"),
        (vec!["promises"], "PromiseShown"),
        (vec!["why", "boom"], "Cause"),
        (vec!["history", "boom"], "StoodShown"),
        (vec!["logs", "boom"], "LogLine"),
        (vec!["events"], "EventShown"),
    ] {
        let listed = cluster
            .0
            .call(args.into_iter().chain(["--json"]))
            .output()
            .exits(0);
        // Logs and events are an object a line.
        let listed = serde_json::Deserializer::from_str(listed.text()).into_iter();
        for document in listed {
            check_listing(of, &document.expect("it is JSON"));
        }
    }

    let nodes = cluster.json(&["dev", "status"]);
    check_schema("dev.schema.json", &nodes.into());

    // What fits nowhere is told with each node's own word.
    deploys(
        &cluster,
        HELLO,
        &["--name", "huge", "--memory", "900GiB"],
        &[],
    );
    let why = until_said(&cluster, ["why", "huge"], &["n1", "n2", "n3", "900 GiB"]);
    assert!(
        why.text().contains("replica 0 is hosted by nobody"),
        "{why:?}"
    );
    cluster
        .does(["wait", "huge", "--timeout", "100ms"])
        .fails(124, &["0 of 1 replicas", "gary why huge"]);
}

#[test]
fn a_job_ends_as_its_runs_do_and_an_earlier_generation_comes_back() {
    let cluster = Cluster::up(3);
    deploys(
        &cluster,
        HELLO_CLI,
        &["--name", "once", "--job", "--replicas", "2"],
        &[],
    );
    let done = cluster.does(["wait", "once", "--timeout", "60s"]).exits(0);
    assert_eq!(done.text().matches("succeeded").count(), 2, "{done:?}");
    deploys(&cluster, TRAP, &["--name", "bad", "--job"], &["panic"]);
    cluster.does(["wait", "bad", "--timeout", "60s"]).exits(134);

    cluster.deploys(HELLO, "hello", 2);
    let path = HELLO.path();
    let path = path.to_str().expect("it is text");
    let plan = [
        "deploy",
        path,
        "--name",
        "hello",
        "--replicas",
        "3",
        "--plan",
    ];
    let document = cluster.0.call(plan.into_iter().chain(["--json"])).output();
    let document = serde_json::from_str(document.exits(0).text()).expect("it is JSON");
    check_schema("plan.schema.json", &document);
    assert_eq!(document["generation"], 2, "{document}");
    let plan = cluster.does(plan).exits(0);
    assert!(plan.text().contains("generation 1 to 2"), "{plan:?}");
    assert!(plan.text().contains("2 -> 3"), "{plan:?}");
    cluster
        .does(["rollback", "hello"])
        .fails(7, &["nothing to go back to"]);
    deploys(
        &cluster,
        HELLO,
        &["--name", "hello", "--memory", "32MiB"],
        &[],
    );
    // Somebody else goes back, with a key of their own.
    let other = cluster.0.state().join("../other");
    let back = cluster.0.call(["--context", "dev", "rollback", "hello"]);
    let back = back.env("GARY_CONFIG_DIR", other).output().exits(0);
    assert!(
        back.text().starts_with("committed hello gen 3 "),
        "{back:?}"
    );
    let history = cluster.json(&["history", "hello"]);
    let memory = history.iter().map(|its| its["memory_bytes"].as_u64());
    let sizes = [64 << 20, 32 << 20, 64 << 20].map(Some);
    assert_eq!(Vec::from_iter(memory), sizes);
    let by = history.iter().filter_map(|its| its["by"].as_str());
    let by = Vec::from_iter(by);
    assert!(by[0] == by[1] && by[1] != by[2], "{by:?}");
    let shown = cluster.does(["history", "hello"]).exits(0);
    assert_eq!(shown.text().matches(&by[0][..8]).count(), 2, "{shown:?}");
    let gone = cluster.does(["rollback", "hello", "9"]);
    gone.fails(7, &["generation 9", "gary history hello"]);
    // What is so already is not made anew.
    let nothing_changes = |args: &[&str], note: &str| {
        let done = cluster.0.call(args).output().exits(0);
        assert_eq!(done.text(), "");
        assert_eq!(done.stderr, format!("note: hello {note}\n"));
    };
    nothing_changes(&["scale", "hello", "2"], "has 2 replicas already");
    nothing_changes(
        &["rollback", "hello", "1"],
        "says already what it said at generation 1",
    );
    nothing_changes(&["rollback", "hello", "3"], "is at generation 3 already");
    cluster.does(["stop", "hello"]).exits(0);
    nothing_changes(&["stop", "hello"], "is stopped already");
    assert_eq!(cluster.json(&["history", "hello"]).len(), 4);
    until_said(&cluster, ["why", "hello"], &["it is stopped"]);
    cluster.until(|its| its.hosts_of("hello"), Vec::is_empty);
    cluster.does(["restart", "hello"]).exits(0);
    cluster.does(["wait", "hello", "--timeout", "60s"]).exits(0);
}

/// Asks again and again while something is done, and says how often that went wrong and how often it was asked.
fn under_load(ingress: SocketAddr, then: impl FnOnce()) -> (usize, usize) {
    let (is_over, failed, asked) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Relaxed) {
                    let answer = Client::try_once(ingress, to("hello", get("/")));
                    asked.fetch_add(1, Relaxed);
                    if !answer.is_ok_and(|its| its.status == 200) {
                        failed.fetch_add(1, Relaxed);
                    }
                }
            });
        }
        // Even if that panics, the others are to end.
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(then));
        is_over.store(true, Relaxed);
        if let Err(panic) = done {
            std::panic::resume_unwind(panic);
        }
    });
    (failed.into_inner(), asked.into_inner())
}

#[test]
fn nodes_start_again_are_drained_and_leave_while_requests_go_on() {
    let cluster = Cluster::up(3);
    cluster.deploys(HELLO, "hello", 2);
    let hosts = cluster.until(Cluster::hosts, |hosts| hosts.len() == 2);
    let starts = |cluster: &Cluster, node: &str| {
        let shown = cluster.does(["node", "show", node, "--json"]).exits(0);
        let shown: serde_json::Value = serde_json::from_str(shown.text()).expect("it is JSON");
        shown["start"].as_u64().expect("it is a number")
    };
    // Each in turn starts again by plan, and nobody takes over what it hosts.
    for (node, asked) in [("n1", "n2"), ("n2", "n3"), ("n3", "n1")] {
        let before = starts(&cluster, node);
        let (failed, asked) = under_load(cluster.ingress(asked), || {
            let restart = ["node", "restart", node, "--planned"];
            cluster.does(restart).exits(0);
            assert_eq!(starts(&cluster, node), before + 1);
            // Nothing was moved. Who has just started again has to hear first what others are called.
            cluster.until(Cluster::hosts, |now| *now == hosts);
        });
        assert_eq!(failed, 0, "of {asked} requests while {node} was away");
    }

    // A host is drained: others host what it did before it lets that go.
    let (drained, other) = (&hosts[0], &hosts[1]);
    let (failed, asked) = under_load(cluster.ingress(other), || {
        cluster.does(["node", "drain", drained]).exits(0);
    });
    assert_eq!(failed, 0, "of {asked} requests while {drained} was drained");
    let moved = cluster.until(Cluster::hosts, |hosts| hosts.len() == 2);
    assert!(!moved.contains(drained), "{moved:?}");
    let state = |cluster: &Cluster, node: &str| {
        let nodes = cluster.json(&["nodes"]);
        let node = nodes.into_iter().find(|its| its["name"] == node);
        node.and_then(|its| its["state"].as_str().map(str::to_owned))
    };
    let state_of = |node: &'static str| move |cluster: &Cluster| state(cluster, node);
    let name = ["n1", "n2", "n3"].into_iter().find(|its| its == drained);
    let name = name.expect("it is one of them");
    cluster.until(state_of(name), |its| its.as_deref() == Some("drained"));
    cluster.does(["node", "undrain", drained]).exits(0);
    cluster.until(state_of(name), |its| its.as_deref() == Some("up"));

    // One leaves for good.
    let left = cluster.does(["node", "leave", drained]).exits(0);
    assert_eq!(left.text(), format!("{drained} has left\n"));
    // Nobody starts it again by accident, once its process has ended too.
    let is_stopped = |cluster: &Cluster| {
        let nodes = cluster.json(&["dev", "status"]);
        let mut stopped = nodes.iter().filter(|its| its["state"] == "stopped");
        stopped.any(|its| its["name"] == drained.as_str())
    };
    cluster.until(is_stopped, |is_stopped| *is_stopped);
    cluster
        .does(["dev", "start", drained])
        .fails(1, &["has left its cluster"]);
    cluster.until(state_of(name), |its| its.as_deref() == Some("down"));
    cluster
        .does(["node", "drain", "n9"])
        .fails(7, &["no node called n9 answers here"]);
}

#[test]
fn people_ask_over_the_network_for_what_they_were_admitted() {
    let cluster = Cluster::up(2);
    let root = cluster.0.state().join("dev/root.key");
    let root = root.to_str().expect("it is text");
    let token = |flags: &[&str]| {
        let typed = ["token", "create", "--client", "--root", root].into_iter();
        let made = cluster
            .0
            .call(typed.chain(flags.iter().copied()))
            .output()
            .exits(0);
        made.text().trim().to_owned()
    };
    let elsewhere = Gary::new();
    let does = |args: &[&str]| elsewhere.call(args.iter().copied()).output();
    does(&["context", "add", "pis", &token(&[])]).exits(0);
    let path = HELLO.path();
    let path = path.to_str().expect("it is text");
    does(&["deploy", path, "--name", "hello", "--wait"]).exits(0);
    assert_eq!(cluster.hosts_of("hello").len(), 1);
    let logs = does(&["logs", "hello"]).exits(0);
    assert!(logs.text().contains("/0 * started"), "{logs:?}");
    // What a node does is its operator's to say, on its own machine.
    does(&["node", "drain"]).fails(9, &["its operator's to say"]);
    does(&["node", "drain", "n1"]).fails(9, &["its operator's to say"]);
    does(&["context", "add", "looks", &token(&["--read-only"])]).exits(0);
    assert!(does(&["ps"]).exits(0).text().contains("hello"));
    does(&["rm", "hello"]).fails(9, &["admitted to look"]);
    does(&["pending"]).exits(0);
    does(&["--context", "pis", "rm", "hello"]).exits(0);
    does(&["--context", "pis", "deploy", path, "--name", "kept"]).exits(0);
    // One of its nodes is gone, and another one answers.
    cluster.does(["dev", "kill", "n1"]).exits(0);
    assert!(
        does(&["--context", "pis", "nodes"])
            .exits(0)
            .text()
            .contains("n2")
    );
    // Of two that keep a name both are its majority, and whoever only looks does not go on without.
    let recover = |context: &str| does(&["--context", context, "recover", "kept", "--yes"]);
    let looked = cluster.until(|_| recover("looks"), |looked| looked.code == 9);
    assert!(looked.text().contains("not there: n1"), "{looked:?}");
    assert!(looked.stderr.contains("admitted to look"), "{looked:?}");
    let recovered = recover("pis").exits(0);
    assert!(
        recovered.text().contains("recovered kept gen "),
        "{recovered:?}"
    );
    does(&["--context", "nobody", "ps"]).fails(7, &["no context nobody"]);
    // Who was admitted to one cluster is nobody to another.
    let other = Cluster::up(1);
    let address = other.json(&["nodes"])[0]["address"]
        .as_str()
        .map(str::to_owned);
    let address = address.expect("it has one");
    does(&["--context", "pis", "--node", &address, "ps"]).fails(9, &["another cluster"]);
    let node = Gary::new();
    let joins = node.call(["node", "join", &token(&[])]).output();
    joins.fails(9, &["lets people in"]);
}

#[test]
fn a_cluster_of_dev_is_a_context_and_ends_with_what_was_asked_before_it() {
    let other = Cluster::up(1);
    let root = other.0.state().join("dev/root.key");
    let root = root.to_str().expect("it is text");
    let token = other.does(["token", "create", "--client", "--root", root]);
    let token = token.exits(0).text().trim().to_owned();
    let cluster = Cluster(Gary::new());
    let contexts = || {
        let listed = cluster.does(["context", "list"]).exits(0);
        let rows = listed.text().lines().skip(1).map(|row| {
            let name = row.split(' ').next().unwrap_or_default();
            let is_asked = row.ends_with(" asked");
            if is_asked {
                format!("{name} asked")
            } else {
                name.to_owned()
            }
        });
        rows.collect::<Vec<_>>()
    };
    assert_eq!(contexts(), ["local asked"]);
    cluster
        .does(["context", "use", "dev"])
        .fails(7, &["no context dev", "gary dev up"]);
    for reserved in ["dev", "local"] {
        cluster
            .does(["context", "add", reserved, &token])
            .fails(3, &["gary dev", "letters, digits"]);
    }
    cluster.does(["context", "add", "pis", &token]).exits(0);
    let up = ["dev", "up", "--nodes", "1", "--ingress", "127.0.0.1:0"];
    let is_up = cluster.does(up).exits(0);
    assert!(
        is_up
            .stderr
            .contains("dev is asked from now on, and no longer pis"),
        "{is_up:?}"
    );
    assert_eq!(contexts(), ["local", "dev asked", "pis"]);
    let id_by = |args: [&str; 3]| cluster.json(&args)[0]["id"].clone();
    assert_ne!(
        id_by(["--context", "dev", "nodes"]),
        id_by(["--context", "pis", "nodes"])
    );
    // It is kept, and not asked while it does not run.
    let down = cluster.does(["dev", "down", "--keep"]).exits(0);
    assert!(down.stderr.contains("pis is asked from now on"), "{down:?}");
    assert_eq!(contexts(), ["local", "dev", "pis asked"]);
    cluster
        .does(["--context", "dev", "ps"])
        .fails(8, &["no node answers"]);
    cluster.does(["dev", "up"]).exits(0);
    cluster.does(["context", "use", "local"]).exits(0);
    assert_eq!(contexts(), ["local asked", "dev", "pis"]);
    cluster.does(["context", "use", "pis"]).exits(0);
    cluster.does(["context", "use", "dev"]).exits(0);
    cluster.does(["ps"]).exits(0);
    // What it would go back to is there no more.
    cluster.does(["context", "rm", "pis"]).exits(0);
    let down = cluster.does(["dev", "down"]).exits(0);
    assert!(
        down.stderr.contains("local is asked from now on"),
        "{down:?}"
    );
    assert_eq!(contexts(), ["local asked"]);
}

#[test]
fn whoever_wants_a_host_that_another_answers_for_is_told() {
    let cluster = Cluster::up(1);
    let path = HELLO.path();
    let path = path.to_str().expect("it is text");
    let deploys = |name: &str| {
        let manifest =
            format!("name = \"{name}\"\ncomponent = \"{path}\"\n[http]\nhost = \"shop.example\"\n");
        let manifest = cluster.0.write(&format!("{name}.toml"), manifest);
        let manifest = manifest.to_str().expect("it is text").to_owned();
        cluster.does(["deploy", &manifest]).exits(0)
    };
    let taken = "shop.example is answered by cart, which comes first by name";
    let cart = deploys("cart");
    assert!(!cart.stderr.contains("shop.example"), "{cart:?}");
    let web = deploys("web");
    assert!(web.stderr.contains(&format!("note: {taken}\n")), "{web:?}");
    until_said(&cluster, ["why", "web"], &[taken]);
    let why = cluster.does(["why", "cart"]).exits(0);
    assert!(!why.text().contains("shop.example"), "{why:?}");
    // Once that is gone it is the other's.
    cluster.does(["rm", "cart"]).exits(0);
    let why = |cluster: &Cluster| cluster.does(["why", "web"]).exits(0).text().to_owned();
    cluster.until(why, |why| !why.contains("shop.example"));
}

#[test]
fn who_is_revoked_is_out_and_whom_it_let_in_stays() {
    let cluster = Cluster::up(3);
    cluster.deploys(HELLO, "hello", 2);
    let root = cluster.0.state().join("dev/root.key");
    let root = root.to_str().expect("it is text");
    // The first node has let in all others.
    let revoked = cluster
        .does(["token", "revoke", "n1", "--root", root])
        .exits(0);
    assert!(revoked.text().starts_with("revoked "), "{revoked:?}");
    let up = |cluster: &Cluster| {
        let nodes = cluster.json(&["nodes"]);
        let up = nodes.iter().filter(|its| its["state"] == "up");
        Vec::from_iter(up.filter_map(|its| its["name"].as_str().map(str::to_owned)))
    };
    // It is the first that is asked, and sees nobody any more: a new start makes that no better.
    cluster.until(up, |up| *up == ["n1"]);
    cluster.does(["dev", "kill", "n1"]).exits(0);
    cluster.until(up, |up| *up == ["n2", "n3"]);
    cluster.until(|its| its.hosts_of("hello"), |hosts| *hosts == ["n2", "n3"]);
    cluster.does(["dev", "start", "n1"]).exits(0);
    cluster.until(up, |up| *up == ["n1"]);
    cluster
        .does(["token", "revoke", "nobody", "--root", root])
        .fails(7, &["no node is called nobody"]);
}

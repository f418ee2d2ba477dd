//! A cluster whose network is cut in two and heals.

use std::fmt::Debug;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use serde_json::Value;

use crate::cluster::{HELLO, is_hello, to};
use crate::support::{
    Answer, Client, Cuts, Gary, Outcome, Process, Proxy, WAIT_MAX, check_listing, get,
};

/// A node with a home of its own, which others reach by way of a proxy.
struct Node {
    gary: Gary,
    listens: SocketAddr,
    ingress: SocketAddr,
    _process: Process,
    _proxy: Proxy,
}

impl Node {
    /// The first node of a cluster, or one that joins it.
    fn start(name: &str, by: Option<&Node>, cuts: &Cuts) -> Self {
        let gary = Gary::new();
        match by {
            None => {
                let init = ["node", "init", "--root-out", "root.key", "--name", name];
                gary.call(init).output().exits(0);
            }
            Some(first) => {
                let create = ["token", "create", "--root", "root.key"];
                let token = first.gary.call(create).output().exits(0);
                let join = ["node", "join", token.text().trim(), "--name", name];
                gary.call(join).output().exits(0);
            }
        }
        // The proxy has to know where it listens before it does, so that it cannot take just any port.
        let free = UdpSocket::bind("127.0.0.1:0").and_then(|its| its.local_addr());
        let listens = free.expect("there is a port");
        let proxy = Proxy::of(listens, cuts);
        let (at, advertised) = (listens.to_string(), proxy.at().to_string());
        let run = [
            "node",
            "run",
            "--listen",
            &at,
            "--advertise",
            &advertised,
            "--ingress",
            "127.0.0.1:0",
            "--promise-cpu",
            "2",
            "--promise-memory",
            "1GiB",
        ];
        let process = gary.call(run).start();
        let said = process.stderr_with("/\n");
        let (_, url) = said.split_once("ingress http://").expect("it serves");
        let ingress = url.split('/').next().and_then(|its| its.parse().ok());
        Self {
            gary,
            listens,
            ingress: ingress.expect("it is an address"),
            _process: process,
            _proxy: proxy,
        }
    }

    fn does<const COUNT: usize>(&self, args: [&str; COUNT]) -> Outcome {
        self.gary.call(args).output()
    }

    fn json(&self, command: &str) -> Vec<Value> {
        let listed = self.does([command, "--json"]).exits(0);
        let listed: Value = serde_json::from_str(listed.text()).expect("it is JSON");
        listed.as_array().expect("it is a list").clone()
    }

    /// How many nodes are there of which it knows what they promise: others keep nothing yet.
    fn sees(&self) -> usize {
        let nodes = self.json("nodes");
        let there = nodes.iter().filter(|its| its["state"] != "down");
        there.filter(|its| its["memory_bytes"] != 0).count()
    }

    /// The generation that stands, and who runs it, by what is told here.
    fn hello(&self) -> (u64, Vec<String>) {
        let workloads = self.json("ps");
        let Some(hello) = workloads.iter().find(|its| its["name"] == "hello") else {
            return (0, Vec::new());
        };
        let hostings = hello["hostings"].as_array().into_iter().flatten();
        let kept = hostings.filter(|its| its["state"] == "kept" && its["runs"] == true);
        let names = kept.filter_map(|its| its["node"].as_str().map(str::to_owned));
        let mut names: Vec<String> = names.collect();
        names.sort();
        (hello["generation"].as_u64().unwrap_or(0), names)
    }

    fn answers(&self) {
        let asked = |node: &Self| Client::try_once(node.ingress, to("hello", get("/")));
        let is_hello = |its: &Result<Answer, String>| its.as_ref().is_ok_and(is_hello);
        let _answer = until(self, asked, is_hello);
    }
}

fn until<T: Debug>(node: &Node, what: impl Fn(&Node) -> T, is: impl Fn(&T) -> bool) -> T {
    let until = Instant::now() + WAIT_MAX;
    loop {
        let now = what(node);
        if is(&now) {
            return now;
        }
        assert!(Instant::now() < until, "it stays at {now:?}");
    }
}

/// Has the third be alone, which it notices.
fn cut_off_third(cuts: &Cuts, [first, second, third]: &[Node; 3]) {
    for node in [first, second] {
        cuts.cut(node.listens, third.listens);
    }
    until(third, Node::sees, |nodes| *nodes == 1);
}

/// Three nodes that see each other, and as many replicas that say hello.
fn three(cuts: &Cuts, replicas: &str) -> [Node; 3] {
    let first = Node::start("a", None, cuts);
    let [second, third] = ["b", "c"].map(|name| Node::start(name, Some(&first), cuts));
    let nodes = [first, second, third];
    for node in &nodes {
        until(node, Node::sees, |seen| *seen == 3);
    }
    let hello = HELLO.path();
    let hello = hello.to_str().expect("it is text");
    let deploy = ["deploy", hello, "--name", "hello", "--wait"];
    let deployed = nodes[0].gary.call(deploy).args(["--replicas", replicas]);
    let deployed = deployed.output().exits(0);
    assert!(deployed.text().contains("/3 keepers)"), "{deployed:?}");
    for node in &nodes {
        until(node, Node::hello, |(generation, _)| *generation == 1);
    }
    nodes
}

/// What is left with a node: which generation of what, and what has become of it.
fn left_with(node: &Node) -> Vec<(String, u64, String)> {
    let left = Value::Array(node.json("pending"));
    check_listing("PendingShown", &left);
    let left = left.as_array().into_iter().flatten();
    let left = left.map(|its| {
        let text = |key: &str| its[key].as_str().unwrap_or_default().to_owned();
        let generation = its["generation"].as_u64().unwrap_or(0);
        (text("name"), generation, text("verdict"))
    });
    left.collect()
}

fn is_left(name: &str, generation: u64, verdict: &str) -> (String, u64, String) {
    (name.to_owned(), generation, verdict.to_owned())
}

#[test]
fn what_waits_for_a_majority_is_shown_and_taken_back_and_committed_or_refused_once_there_is_one() {
    let cuts = Cuts::default();
    let nodes = three(&cuts, "1");
    cut_off_third(&cuts, &nodes);
    let [first, second, third] = &nodes;
    let hello = HELLO.path();
    let hello = hello.to_str().expect("it is text");
    let leave = |name: &str, generation: u64| {
        let deploy = ["deploy", hello, "--name", name, "--ack", "local", "--wait"];
        let left = third.does(deploy).exits(0);
        assert_eq!(left.text(), format!("pending {name} gen {generation}\n"));
        assert!(left.stderr.contains("try: gary pending"), "{left:?}");
    };
    // It is shown, and taken back by whoever has signed it alone.
    leave("hello", 2);
    assert_eq!(left_with(third), [is_left("hello", 2, "pending")]);
    let listed = third.does(["pending"]).exits(0);
    assert!(listed.text().contains("pending\n"), "{listed:?}");
    let why = third.does(["why", "hello"]).exits(0);
    assert!(why.text().contains("generation 2 is pending"), "{why:?}");
    let listed = third.does(["ps"]).exits(0);
    assert!(listed.stderr.contains("gary pending"), "{listed:?}");
    let withdraw = ["pending", "withdraw", "hello"];
    let other = third.gary.call(withdraw);
    let other = other.env("GARY_CONFIG_DIR", third.gary.work()).output();
    other.fails(9, &["another key has signed generation 2 of hello"]);
    let dismissed = third.does(["pending", "dismiss", "hello"]);
    dismissed.fails(7, &["nothing was refused", "withdrawn"]);
    let withdrawn = third.does(withdraw).exits(0);
    assert_eq!(withdrawn.text(), "withdrawn hello gen 2\n");
    assert_eq!(left_with(third), []);
    third.does(withdraw).fails(7, &["nothing is pending"]);

    // Of what two have left under one name, each takes back their own.
    leave("both", 1);
    let deploy = ["deploy", hello, "--name", "both", "--ack", "local"];
    let other = |args: &[&str]| {
        let called = third.gary.call(args);
        called.env("GARY_CONFIG_DIR", third.gary.work()).output()
    };
    let left = other(&deploy).exits(0);
    assert_eq!(left.text(), "pending both gen 1\n");
    let withdraw = ["pending", "withdraw", "both"];
    let withdrawn = third.does(withdraw).exits(9);
    assert_eq!(withdrawn.text(), "withdrawn both gen 1\n");
    let why = "another key has signed generation 1 of both";
    assert!(withdrawn.stderr.contains(why), "{withdrawn:?}");
    assert_eq!(left_with(third), [is_left("both", 1, "pending")]);
    other(&withdraw).exits(0);
    assert_eq!(left_with(third), []);

    // Somebody else is first with one of the two that wait from then on.
    leave("hello", 2);
    leave("later", 1);
    leave("later", 2);
    let why = third.does(["why", "later"]).exits(0);
    assert!(why.text().contains("generation 1 is pending"), "{why:?}");
    second.does(["scale", "hello", "2"]).exits(0);
    cuts.heal();
    let refused = is_left("hello", 2, "conflict");
    until(third, left_with, |left| *left == [refused.clone()]);
    for node in [first, second, third] {
        let later = |node: &Node| node.does(["history", "later", "--json"]).text().to_owned();
        until(node, later, |text| text.contains("\"generation\": 2"));
        assert_eq!(node.hello().0, 2);
    }
    let listed = third.does(["pending"]).exits(0);
    assert!(listed.text().contains("generation 2 stands"), "{listed:?}");
    let dismissed = third.does(["pending", "dismiss", "hello"]).exits(0);
    assert_eq!(dismissed.text(), "dismissed hello gen 2\n");
    assert_eq!(left_with(third), []);
}

#[test]
fn what_is_recovered_without_a_majority_stands_and_what_is_lost_by_it_is_shown() {
    let cuts = Cuts::default();
    let nodes = three(&cuts, "1");
    cut_off_third(&cuts, &nodes);
    let [first, second, third] = &nodes;
    until(second, Node::sees, |nodes| *nodes == 2);
    second.does(["scale", "hello", "2"]).exits(0);
    // Nobody has said so, and nothing is done; where a majority is, it is refused.
    let shown = third.does(["recover", "hello"]).exits(2);
    let said = shown.text();
    for word in [
        "as c knows it",
        "not there: a, b",
        "generation 1 is the last",
    ] {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
    assert!(shown.stderr.contains("try: gary recover hello --yes"));
    assert_eq!(third.hello().0, 1);
    let refused = second.does(["recover", "hello", "--yes"]);
    refused.fails(5, &["hello is not recovered", "2 of the 3 nodes"]);
    let recovered = third.does(["recover", "hello", "--yes"]).exits(0);
    let (_, generation) = recovered
        .text()
        .split_once("recovered hello gen ")
        .expect("it is recovered");
    let generation = generation
        .split(' ')
        .next()
        .and_then(|its| its.parse().ok());
    let generation: u64 = generation.expect("it is a number");
    assert!(generation > 1_000_000);
    third.answers();

    // What the others had committed meanwhile is lost, and they say so.
    cuts.heal();
    for node in [first, second] {
        until(node, Node::hello, |(its, _)| *its == generation);
        let lost = is_left("hello", 2, "conflict");
        until(node, left_with, |left| left.contains(&lost));
        node.answers();
    }
    let scaled = second.does(["scale", "hello", "2"]).exits(0);
    assert!(scaled.text().starts_with("committed hello gen "));
}

#[test]
fn the_smaller_side_of_a_cut_changes_nothing_and_learns_the_rest_when_it_heals() {
    let cuts = Cuts::default();
    let [first, second, third] = &three(&cuts, "2");
    for node in [first, second, third] {
        node.answers();
    }

    for node in [first, second] {
        cuts.cut(node.listens, third.listens);
    }
    // One of three is no majority, whether or not it knows yet that it is alone.
    let refused = third.gary.call(["scale", "hello", "3"]).output();
    refused.fails(6, &["hello is not committed", "no majority"]);
    until(third, Node::sees, |nodes| *nodes == 1);
    until(second, Node::sees, |nodes| *nodes == 2);
    let hello = HELLO.path();
    let hello = hello.to_str().expect("it is text");
    let scaled = second.gary.call(["deploy", hello, "--name", "hello"]);
    let scaled = scaled.args(["--replicas", "2"]).output().exits(0);
    assert!(scaled.text().starts_with("committed hello gen 2 "));
    let there = |(generation, names): &(u64, Vec<String>)| *generation == 2 && names.len() == 2;
    let (_, hosts) = until(second, Node::hello, there);
    assert!(!hosts.contains(&"c".to_owned()), "{hosts:?}");
    for node in [first, second] {
        node.answers();
    }
    let (generation, _) = third.hello();
    assert_eq!(generation, 1);

    cuts.heal();
    for node in [first, second, third] {
        until(node, Node::sees, |nodes| *nodes == 3);
        until(node, Node::hello, there);
        node.answers();
    }
}

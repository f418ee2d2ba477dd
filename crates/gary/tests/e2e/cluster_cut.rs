//! A cluster whose network is cut in two and heals.

use std::fmt::Debug;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use serde_json::Value;

use crate::cluster::{HELLO, is_hello, to};
use crate::support::{Answer, Client, Cuts, Gary, Process, Proxy, WAIT_MAX, get};

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

    fn json(&self, command: &str) -> Vec<Value> {
        let listed = self.gary.call([command, "--json"]).output().exits(0);
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

#[test]
fn the_smaller_side_of_a_cut_changes_nothing_and_learns_the_rest_when_it_heals() {
    let cuts = Cuts::default();
    let first = Node::start("a", None, &cuts);
    let nodes = ["b", "c"].map(|name| Node::start(name, Some(&first), &cuts));
    let [second, third] = &nodes;
    for node in [&first, second, third] {
        until(node, Node::sees, |nodes| *nodes == 3);
    }
    let hello = HELLO.path();
    let hello = hello.to_str().expect("it is text");
    let deploy = [
        "deploy",
        hello,
        "--name",
        "hello",
        "--replicas",
        "2",
        "--wait",
    ];
    let deployed = first.gary.call(deploy).output().exits(0);
    assert!(deployed.text().contains("/3 keepers)"), "{deployed:?}");
    until(third, Node::hello, |(generation, _)| *generation == 1);
    for node in [&first, second, third] {
        node.answers();
    }

    for node in [&first, second] {
        cuts.cut(node.listens, third.listens);
    }
    // One of three is no majority, whether or not it knows yet that it is alone.
    let refused = third.gary.call(["scale", "hello", "3"]).output();
    refused.fails(6, &["hello is not committed", "no majority"]);
    until(third, Node::sees, |nodes| *nodes == 1);
    until(second, Node::sees, |nodes| *nodes == 2);
    let scaled = second.gary.call(["deploy", hello, "--name", "hello"]);
    let scaled = scaled.args(["--replicas", "2"]).output().exits(0);
    assert!(scaled.text().starts_with("committed hello gen 2 "));
    let there = |(generation, names): &(u64, Vec<String>)| *generation == 2 && names.len() == 2;
    let (_, hosts) = until(second, Node::hello, there);
    assert!(!hosts.contains(&"c".to_owned()), "{hosts:?}");
    for node in [&first, second] {
        node.answers();
    }
    let (generation, _) = third.hello();
    assert_eq!(generation, 1);

    cuts.heal();
    for node in [&first, second, third] {
        until(node, Node::sees, |nodes| *nodes == 3);
        until(node, Node::hello, there);
        node.answers();
    }
}

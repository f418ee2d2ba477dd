//! Keyvalue stores of what is deployed: what is counted is there after whatever happens to a workload and its node, and a
//! workload is not run without it.

use std::fs;
use std::path::PathBuf;

use crate::cluster::{Cluster, HELLO, to};
use crate::support::{Client, Guest, Outcome, get};

const COUNTER: Guest = Guest("kv-counter");

/// What a replica at a node answers, once it does.
fn asked(cluster: &Cluster, node: &str, name: &str, path: &str) -> String {
    let ingress = cluster.ingress(node);
    let answer = |_: &Cluster| Client::try_once(ingress, to(name, get(path)));
    let is_answered = |answer: &Result<_, String>| {
        answer
            .as_ref()
            .is_ok_and(|its: &crate::support::Answer| its.status == 200)
    };
    let answer = cluster.until(answer, is_answered);
    answer.expect("it was answered").text().trim().to_owned()
}

/// A gary.toml of the counter, with what else it says.
fn manifest(cluster: &Cluster, name: &str, more: &str) -> String {
    manifest_of(cluster, COUNTER, name, more)
}

fn manifest_of(cluster: &Cluster, guest: Guest, name: &str, more: &str) -> String {
    let path = guest.path();
    let path = path.to_str().expect("it is text");
    let text = format!("name = \"{name}\"\ncomponent = \"{path}\"\n{more}");
    let file = cluster.0.write(&format!("{name}.toml"), text);
    file.to_str().expect("it is text").to_owned()
}

/// Where nodes keep what a workload has stored.
fn stored(cluster: &Cluster, node: &str) -> Vec<PathBuf> {
    let dir = cluster.0.state().join("dev").join(node).join("keyvalue");
    let entries = fs::read_dir(dir).into_iter().flatten();
    entries.filter_map(|its| Some(its.ok()?.path())).collect()
}

/// Waits until a command says all of these.
fn until_said<const COUNT: usize>(cluster: &Cluster, args: [&str; COUNT], words: &[&str]) {
    let said = |outcome: &Outcome| words.iter().all(|word| outcome.text().contains(word));
    cluster.until(|its| its.does(args).exits(0), said);
}

/// Waits until a workload runs at the generation that stands.
fn waits(cluster: &Cluster, name: &str) {
    cluster.does(["wait", name, "--timeout", "60s"]).exits(0);
}

#[test]
fn what_is_counted_stays_with_its_node_whatever_happens() {
    let cluster = Cluster::up(3);
    cluster.deploys(COUNTER, "counter", 1);
    let hosts = cluster.until(|its| its.hosts_of("counter"), |hosts| hosts.len() == 1);
    let host = hosts[0].as_str();
    let other = ["n1", "n2", "n3"].into_iter().find(|its| *its != host);
    let other = other.expect("there are three");
    let counted = |path: &str| asked(&cluster, other, "counter", path);
    assert_eq!(counted("/"), "1");

    // A restart and an update make the replica anew, after the earlier one has closed the store.
    cluster.does(["restart", "counter"]).exits(0);
    waits(&cluster, "counter");
    assert_eq!(counted("/"), "2");
    let update = manifest(&cluster, "counter", "[promise]\nmemory = \"48MiB\"\n");
    cluster.does(["deploy", &update, "--wait"]).exits(0);
    assert_eq!(counted("/"), "3");
    cluster.does(["stop", "counter"]).exits(0);
    cluster.until(|its| its.hosts_of("counter"), Vec::is_empty);
    cluster.does(["rollback", "counter", "1"]).exits(0);
    waits(&cluster, "counter");
    assert_eq!(counted("/"), "4");
    cluster
        .does(["node", "restart", host, "--planned"])
        .exits(0);
    assert_eq!(counted("/"), "5");

    // One store is of one replica.
    let refused = cluster.does(["scale", "counter", "3"]);
    refused.fails(3, &["for 3 replicas", "per-replica"]);
    let path = COUNTER.path();
    let path = path.to_str().expect("it is text");
    let refused = cluster.does(["deploy", path, "--name", "three", "--replicas", "3"]);
    refused.fails(3, &["for 3 replicas", "per-replica"]);

    // Its node dies, and nobody takes over what would begin anew.
    cluster.does(["dev", "kill", host]).exits(0);
    let waits_for = format!("waits for {host}, which has its store: it cannot be reached");
    let asks = |args: [&str; 2]| cluster.by_way_of(other, args).output().exits(0);
    cluster.until(
        |_| asks(["why", "counter"]),
        |said| said.text().contains(&waits_for),
    );
    let is_alone = |said: &Outcome| {
        let text = said.text();
        text.contains("waits for its store") && text.contains(host)
    };
    cluster.until(
        |its| its.by_way_of(other, ["ps"]).output().exits(0),
        is_alone,
    );
    let why = asks(["why", "counter"]);
    assert!(
        why.text().contains("it is not the node of its store"),
        "{why:?}"
    );
    cluster.does(["dev", "start", host]).exits(0);
    assert_eq!(counted("/"), "6");
    assert_eq!(cluster.hosts_of("counter"), [host]);

    // Whoever names another node moves it, and says so again to go back to what was left.
    let moves = format!("[place]\nrequire = {{ node = \"{other}\" }}\n");
    let moves = manifest(&cluster, "counter", &moves);
    let moved = cluster.does(["deploy", &moves, "--wait"]).exits(0);
    let note = format!("note: counter has its store on {other} now");
    assert!(moved.stderr.contains(&note), "{moved:?}");
    assert_eq!(counted("/"), "1");
    assert_eq!(cluster.hosts_of("counter"), [other]);
    let elsewhere = manifest(
        &cluster,
        "counter",
        "[place]\nrequire = { zone = \"attic\" }\n",
    );
    let refused = cluster.does(["deploy", &elsewhere]);
    refused.fails(3, &["zone=attic", "require = { node ="]);
    let own = "[place]\nrequire = { \"gary/node\" = \"n1\" }\n";
    let refused = cluster.does(["deploy", &manifest(&cluster, "own", own)]);
    refused.fails(3, &["gary/node", "require = { node ="]);

    // What is deleted is removed, by the node that it was left on too.
    assert_eq!(
        (stored(&cluster, host).len(), stored(&cluster, other).len()),
        (1, 1)
    );
    cluster.does(["rm", "counter"]).exits(0);
    for node in [host, other] {
        cluster.until(|its| stored(its, node), Vec::is_empty);
    }
}

#[test]
fn what_has_no_store_for_a_while_comes_back_to_the_one_it_had() {
    let cluster = Cluster::up(3);
    let at = |node: &str| format!("[place]\nrequire = {{ node = \"{node}\" }}\n");
    let there = manifest(&cluster, "counter", &at("n2"));
    cluster.does(["deploy", &there, "--wait"]).exits(0);
    assert_eq!(asked(&cluster, "n1", "counter", "/"), "1");
    // What imports no keyvalue store is bound to no node.
    let hello = manifest_of(&cluster, HELLO, "counter", &at("n3"));
    cluster.does(["deploy", &hello, "--wait"]).exits(0);
    cluster.until(|its| its.hosts_of("counter"), |hosts| *hosts == ["n3"]);
    let anywhere = manifest(&cluster, "counter", "");
    let back = cluster.does(["deploy", &anywhere, "--wait"]).exits(0);
    assert!(!back.stderr.contains("has its store on"), "{back:?}");
    assert_eq!(asked(&cluster, "n1", "counter", "/"), "2");
    assert_eq!(cluster.hosts_of("counter"), ["n2"]);
}

#[test]
fn each_replica_has_a_store_of_its_own_where_it_is_wanted() {
    let cluster = Cluster::up(3);
    let each = manifest(
        &cluster,
        "each",
        "[promise]\nreplicas = 3\nstore = \"per-replica\"\n",
    );
    cluster.does(["deploy", &each, "--wait"]).exits(0);
    cluster.until(
        |its| its.hosts_of("each"),
        |hosts| *hosts == ["n1", "n2", "n3"],
    );
    let nodes = ["n1", "n2", "n3"];
    for node in nodes {
        assert_eq!(
            asked(&cluster, node, "each", &format!("/set?k=who&v={node}")),
            "set"
        );
    }
    let who = || nodes.map(|node| asked(&cluster, node, "each", "/get?k=who"));
    assert_eq!(who(), nodes);
    // An update leaves each where it is.
    cluster.does(["restart", "each"]).exits(0);
    waits(&cluster, "each");
    cluster.until(|its| its.hosts_of("each"), |hosts| *hosts == nodes);
    assert_eq!(who(), nodes);
    let refused = cluster.does(["deploy", &each, "--job"]);
    refused.fails(3, &["serves", "without --job"]);
}

#[test]
fn a_drained_node_says_what_it_cannot_give_away() {
    let cluster = Cluster::up(3);
    cluster.deploys(COUNTER, "counter", 1);
    cluster.deploys(HELLO, "hello", 1);
    let hosts = cluster.until(|its| its.hosts_of("counter"), |hosts| hosts.len() == 1);
    let host = hosts[0].as_str();
    assert_eq!(asked(&cluster, host, "counter", "/"), "1");
    let drained = cluster
        .does(["node", "drain", host, "--within", "2s"])
        .exits(0);
    let note = format!("note: counter has its store on {host}, and no other node takes it over");
    assert!(drained.stderr.contains(&note), "{drained:?}");
    let waits_for = format!("waits for {host}, which has its store: it is drained");
    until_said(&cluster, ["why", "counter"], &[&waits_for]);
    cluster.does(["node", "undrain", host]).exits(0);
    assert_eq!(asked(&cluster, host, "counter", "/"), "2");
}

#[test]
fn what_was_deleted_while_its_node_was_away_is_removed_there() {
    let cluster = Cluster::up(4);
    cluster.deploys(COUNTER, "counter", 1);
    let keeps = |node: &str| {
        let shown = cluster.does(["node", "show", node, "--json"]).exits(0);
        let shown: serde_json::Value = serde_json::from_str(shown.text()).expect("it is JSON");
        shown["keeps"].as_array().is_some_and(|its| !its.is_empty())
    };
    let nodes = ["n1", "n2", "n3", "n4"];
    let away = nodes.into_iter().find(|node| !keeps(node));
    let away = away.expect("three of four keep it");
    let other = nodes.into_iter().find(|its| *its != away);
    let other = other.expect("there are four");
    // It is bound to a node that does not keep it, and has to be told by others.
    let there = format!("[place]\nrequire = {{ node = \"{away}\" }}\n");
    let there = manifest(&cluster, "counter", &there);
    cluster.does(["deploy", &there, "--wait"]).exits(0);
    assert_eq!(asked(&cluster, away, "counter", "/"), "1");
    cluster.does(["dev", "kill", away]).exits(0);
    let deleted = cluster.by_way_of(other, ["rm", "counter"]);
    deleted.output().exits(0);
    assert_eq!(stored(&cluster, away).len(), 1);
    cluster.does(["dev", "start", away]).exits(0);
    cluster.until(|its| stored(its, away), Vec::is_empty);
}

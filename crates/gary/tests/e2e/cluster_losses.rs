//! Five nodes, of which one after the other is lost.

use std::collections::BTreeSet;
use std::fs;

use crate::cluster::{Cluster, HELLO};
use crate::support::from_wat;

/// The nodes that have a component as a whole.
fn with_components(cluster: &Cluster) -> usize {
    let nodes = (1..=5).map(|number| cluster.0.state().join(format!("dev/n{number}/components")));
    let has_one = nodes.filter(|dir| {
        let mut files = fs::read_dir(dir).into_iter().flatten().flatten();
        files.any(|its| its.file_name().len() == 64)
    });
    has_one.count()
}

/// Waits until both workloads run elsewhere, and answer at every node that is left.
fn run_without(cluster: &Cluster, lost: &BTreeSet<String>) {
    for (name, replicas) in [("hello", 3), ("ticks", 2)] {
        let hosts = |its: &Cluster| its.hosts_of(name);
        cluster.until(hosts, |hosts| {
            hosts.len() == replicas && !hosts.iter().any(|its| lost.contains(its))
        });
    }
    cluster.answers_everywhere();
}

#[test]
fn what_is_exclusive_is_not_said_to_run_where_no_majority_grants_it() {
    let cluster = Cluster::up(3);
    let hello = HELLO.path();
    let hello = hello.to_str().expect("it is text");
    let deploy = ["deploy", hello, "--name", "one", "--exclusive", "--wait"];
    cluster.does(deploy).exits(0);
    let hosts = cluster.hosts_of("one");
    let others = ["n1", "n2", "n3"].into_iter();
    let others = Vec::from_iter(others.filter(|node| hosts != [*node]));
    cluster.dies(&[&hosts[0], others[0]]);
    // Who is left hosts it as soon as the other is taken for gone, and may not run it.
    let left = vec![others[1].to_owned()];
    cluster.until(|its| its.hosts_of("one"), |hosts| *hosts == left);
    let shown = cluster.does(["ps", "one"]).exits(0);
    assert!(shown.text().contains("0/1"), "{shown:?}");
    assert!(shown.text().contains("waiting"), "{shown:?}");
    let waited = cluster.does(["wait", "one", "--timeout", "100ms"]);
    waited.fails(124, &["0 of 1 replicas of one run"]);
}

#[test]
fn a_workload_whose_keepers_are_mostly_gone_for_good_goes_on_once_somebody_says_so() {
    let cluster = Cluster::up(5);
    cluster.deploys(HELLO, "hello", 2);
    let keeps = |node: &str| {
        let shown = cluster.does(["node", "show", node]).exits(0);
        let mut lines = shown.text().lines();
        lines.any(|line| line.starts_with("keeps") && line.contains("hello"))
    };
    let nodes = ["n1", "n2", "n3", "n4", "n5"];
    let keepers = Vec::from_iter(nodes.into_iter().filter(|node| keeps(node)));
    assert_eq!(keepers.len(), 3, "{keepers:?}");
    let refused = cluster.does(["recover", "hello", "--yes"]);
    refused.fails(5, &["hello is not recovered", "3 of the 3 nodes"]);
    let nobody = cluster.does(["recover", "nobody", "--yes"]);
    nobody.fails(7, &["no node that is asked keeps nobody"]);

    for lost in &keepers[1..] {
        cluster.does(["dev", "kill", lost]).exits(0);
    }
    let refused = cluster.does(["scale", "hello", "1"]);
    refused.fails(6, &["hello is not committed", "no majority"]);
    cluster.until(Cluster::nodes_up, |count| *count == 3);
    let shown = cluster.0.call(["recover", "hello", "--yes"]).output();
    let shown = shown.exits(0);
    for word in [keepers[0], keepers[1], keepers[2], "recovered hello gen "] {
        assert!(shown.text().contains(word), "no {word} in: {shown:?}");
    }
    // Those that are left host it, and keep it once others have come: then there is a majority again.
    cluster.until(|its| its.hosts_of("hello").len(), |hosts| *hosts == 2);
    cluster.answers_everywhere();
    let scaled = cluster.until(
        |its| its.does(["scale", "hello", "3"]),
        |scaled| scaled.code == 0,
    );
    assert!(scaled.text().contains("/3 keepers)"), "{scaled:?}");
    cluster.until(|its| its.hosts_of("hello").len(), |hosts| *hosts == 3);
    cluster.answers_everywhere();
    // What was deleted is known to be, and is not brought back by whoever has not heard.
    cluster.does(["rm", "hello"]).exits(0);
    let refused = cluster.does(["recover", "hello", "--yes"]);
    refused.fails(7, &["hello is not recovered", "hello is deleted"]);
}

#[test]
fn what_was_deployed_outlives_its_hosts_whoever_took_it_and_the_first_node() {
    let cluster = Cluster::up(5);
    let hello = HELLO.path();
    let hello = hello.to_str().expect("it is text");
    let deploy = ["deploy", hello, "--name", "hello", "--replicas", "3"];
    let deployed = cluster.by_way_of("n2", deploy).output().exits(0);
    // What is acknowledged does not depend on the node that took it.
    assert!(with_components(&cluster) >= 2);
    assert!(deployed.text().starts_with("committed hello gen 1 "));
    let ticks = cluster.0.write("ticks.wasm", from_wat("ticks"));
    let ticks = ticks.to_str().expect("it is text");
    let deploy = [
        "deploy",
        ticks,
        "--name",
        "ticks",
        "--replicas",
        "2",
        "--wait",
    ];
    cluster.does(deploy).exits(0);
    run_without(&cluster, &BTreeSet::new());

    // A host is killed and comes back, then whoever took the deploy, for good, and then whoever was first of all.
    let hosts = cluster.hosts_of("hello");
    let host = hosts
        .iter()
        .find(|its| !["n1", "n2"].contains(&its.as_str()));
    let host = host.expect("there are three").clone();
    cluster.does(["dev", "kill", &host]).exits(0);
    run_without(&cluster, &BTreeSet::from([host.clone()]));
    cluster.does(["dev", "start", &host]).exits(0);
    cluster.until(Cluster::nodes_up, |count| *count == 5);
    let mut lost = BTreeSet::new();
    for node in ["n2", "n1"] {
        cluster.does(["dev", "kill", node]).exits(0);
        lost.insert(node.to_owned());
        run_without(&cluster, &lost);
    }

    // Those that are left know all of it, and are there again after all of them stood still.
    cluster.does(["dev", "down", "--keep"]).exits(0);
    let others = cluster.does(["dev", "up", "--nodes", "2"]);
    others.fails(5, &["there are 5 nodes already", "gary dev down"]);
    cluster.does(["dev", "up"]).exits(0);
    run_without(&cluster, &BTreeSet::new());
    let scaled = cluster.by_way_of("n1", ["scale", "hello", "1"]).output();
    assert!(scaled.exits(0).text().starts_with("committed hello gen 2 "));
    cluster.until(|its| its.hosts_of("hello").len(), |hosts| *hosts == 1);
}

#[test]
fn nodes_that_are_killed_as_soon_as_they_are_there_find_each_other_without_the_first() {
    let cluster = Cluster::up(3);
    cluster.dies(&["n1", "n2", "n3"]);
    for node in ["n2", "n3"] {
        cluster.does(["dev", "start", node]).exits(0);
    }
    cluster.until(Cluster::nodes_up, |count| *count == 2);
}

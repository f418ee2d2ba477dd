//! A cluster on one machine: several real nodes, each a process with a state, a key and ports of its own.

use std::net::SocketAddr;
use std::time::Instant;

use http::header::HOST;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Answer, Client, Gary, Guest, Invocation, Outcome, Request, WAIT_MAX, get};

pub(crate) const HELLO: Guest = Guest("hello-http");

/// A cluster that ends with its test.
pub(crate) struct Cluster(pub(crate) Gary);

impl Cluster {
    pub(crate) fn up(nodes: u16) -> Self {
        let cluster = Self(Gary::new());
        let nodes = nodes.to_string();
        let up = cluster
            .does(["dev", "up", "--nodes", &nodes, "--ingress", "127.0.0.1:0"])
            .exits(0);
        let last = up.text().lines().last().unwrap_or_default().to_owned();
        assert!(last.starts_with("ingress http://127.0.0.1:"), "{up:?}");
        cluster
    }

    pub(crate) fn does<const COUNT: usize>(&self, args: [&str; COUNT]) -> Outcome {
        self.0.call(args).output()
    }

    pub(crate) fn json(&self, command: &[&str]) -> Vec<Value> {
        let args = command.iter().chain(&["--json"]);
        let listed = self.0.call(args).output().exits(0);
        let listed: Value = serde_json::from_str(listed.text()).expect("it is JSON");
        listed.as_array().expect("it is a list").clone()
    }

    fn deploy(&self, replicas: u32) {
        self.deploys(HELLO, "hello", replicas);
    }

    /// Deploys a guest under a name, and waits until all its replicas run.
    pub(crate) fn deploys(&self, guest: Guest, name: &str, replicas: u32) {
        let (path, replicas) = (guest.path(), replicas.to_string());
        let path = path.to_str().expect("it is text");
        let deploys = [
            "deploy",
            path,
            "--name",
            name,
            "--replicas",
            &replicas,
            "--wait",
        ];
        let deployed = self.does(deploys).exits(0);
        let committed = format!("committed {name} gen ");
        assert!(deployed.text().starts_with(&committed), "{deployed:?}");
    }

    /// Where each node that runs serves.
    pub(crate) fn ingresses(&self) -> Vec<SocketAddr> {
        let nodes = self.json(&["dev", "status"]);
        let running = nodes.iter().filter(|its| its["state"] == "runs");
        running.map(address).collect()
    }

    /// A call that asks one node and no other.
    pub(crate) fn by_way_of<const COUNT: usize>(
        &self,
        node: &str,
        args: [&str; COUNT],
    ) -> Invocation {
        // Whoever says where state is kept means the node that keeps its own there.
        let state = self.0.state().join("by-way-of").join(node);
        std::fs::create_dir_all(&state).expect("the state is writable");
        let link = state.join("node");
        if !link.exists() {
            let dir = self.0.state().join("dev").join(node);
            std::os::unix::fs::symlink(dir, link).expect("the state is writable");
        }
        let state = state.to_str().expect("it is text");
        self.0.call(args).args(["--state-dir", state])
    }

    /// Where a node serves.
    pub(crate) fn ingress(&self, node: &str) -> SocketAddr {
        address(&self.node(node))
    }

    /// Asks the process of a node to end.
    pub(crate) fn stops(&self, node: &str) {
        kill_process(process(&self.node(node)), Signal::TERM).expect("it runs");
    }

    /// Kills the processes of nodes, all at once.
    pub(crate) fn dies(&self, nodes: &[&str]) {
        let shown = self.json(&["dev", "status"]);
        let is_one = |its: &&Value| nodes.iter().any(|node| its["name"] == *node);
        for process in shown.iter().filter(is_one).map(process) {
            kill_process(process, Signal::KILL).expect("it runs");
        }
        let is_dead = |its: &&Value| its["state"] == "stopped";
        let dead = |cluster: &Self| {
            let shown = cluster.json(&["dev", "status"]);
            shown.iter().filter(is_one).filter(is_dead).count()
        };
        self.until(dead, |dead| *dead == nodes.len());
    }

    fn node(&self, name: &str) -> Value {
        let nodes = self.json(&["dev", "status"]);
        let node = nodes.into_iter().find(|its| its["name"] == name);
        node.expect("there is one of that name")
    }

    /// How many nodes are there, by what the one sees that is asked.
    pub(crate) fn nodes_up(&self) -> usize {
        let nodes = self.json(&["nodes"]);
        nodes.iter().filter(|its| its["state"] != "down").count()
    }

    /// Which nodes host anything, as far as its keepers hold that for kept.
    pub(crate) fn hosts(&self) -> Vec<String> {
        hosts(&self.json(&["ps"]))
    }

    /// Which nodes host a workload, as far as its keepers hold that for kept.
    pub(crate) fn hosts_of(&self, name: &str) -> Vec<String> {
        let mut workloads = self.json(&["ps"]);
        workloads.retain(|its| its["name"] == name);
        hosts(&workloads)
    }

    /// Waits until it is so, and says what it was last if it does not come to that.
    pub(crate) fn until<T: std::fmt::Debug>(
        &self,
        what: impl Fn(&Self) -> T,
        is: impl Fn(&T) -> bool,
    ) -> T {
        let until = Instant::now() + WAIT_MAX;
        loop {
            let now = what(self);
            if is(&now) {
                return now;
            }
            assert!(Instant::now() < until, "it stays at {now:?}");
        }
    }

    /// Waits until every node that runs answers for the workload.
    pub(crate) fn answers_everywhere(&self) {
        for ingress in self.ingresses() {
            let is_hello = |answer: &Result<Answer, String>| answer.as_ref().is_ok_and(is_hello);
            let _answer = self.until(|_| asked(ingress), is_hello);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let down = self.0.call(["dev", "down"]).output();
        if !std::thread::panicking() {
            down.exits(0);
            assert!(
                !self.0.state().join("dev").exists(),
                "nothing is left behind"
            );
        }
    }
}

fn hosts(workloads: &[Value]) -> Vec<String> {
    let hostings = workloads.iter().flat_map(|its| its["hostings"].as_array());
    let kept = hostings.flatten().filter(|its| its["state"] == "kept");
    let mut hosts: Vec<String> = kept
        .filter_map(|its| its["node"].as_str().map(str::to_owned))
        .collect();
    hosts.sort();
    hosts
}

fn process(node: &Value) -> Pid {
    let pid = node["pid"].as_i64().expect("it runs");
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.expect("it is one")
}

fn address(node: &Value) -> SocketAddr {
    let url = node["ingress"].as_str().expect("it serves");
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    address.parse().expect("it is an address")
}

/// What is for the workload of this name.
pub(crate) fn to(name: &str, mut request: Request) -> Request {
    let host = format!("{name}.localhost");
    let host = host.parse().expect("it is a host");
    request.headers_mut().insert(HOST, host);
    request
}

fn asked(ingress: SocketAddr) -> Result<Answer, String> {
    Client::try_once(ingress, to("hello", get("/")))
}

pub(crate) fn is_hello(answer: &Answer) -> bool {
    answer.status == 200 && answer.text() == "hello from gary\n"
}

#[test]
fn what_is_deployed_answers_at_every_node_and_outlives_any_of_them() {
    let cluster = Cluster::up(3);
    let names = |cluster: &Cluster| {
        let nodes = cluster.json(&["nodes"]);
        Vec::from_iter(
            nodes
                .iter()
                .map(|its| its["name"].as_str().map(str::to_owned)),
        )
    };
    assert_eq!(
        names(&cluster),
        ["n1", "n2", "n3"].map(|its| Some(its.to_owned()))
    );
    cluster.deploy(2);
    let hosts = cluster.until(Cluster::hosts, |hosts| hosts.len() == 2);
    cluster.answers_everywhere();
    // Whoever hosts it is killed, and another takes its place.
    let [killed, left] = [&hosts[0], &hosts[1]];
    cluster.does(["dev", "kill", killed]).exits(0);
    let hosts = cluster.until(Cluster::hosts, |hosts| {
        hosts.len() == 2 && !hosts.contains(killed)
    });
    assert!(hosts.contains(left));
    cluster.answers_everywhere();
    // It comes back, and is one of them again.
    cluster.does(["dev", "start", killed]).exits(0);
    cluster.until(Cluster::nodes_up, |count| *count == 3);
    cluster.until(Cluster::hosts, |hosts| hosts.len() == 2);
    cluster.answers_everywhere();
}

#[test]
fn all_that_was_committed_is_there_after_everything_stood_still() {
    let cluster = Cluster::up(3);
    cluster.deploy(3);
    cluster.does(["dev", "down", "--keep"]).exits(0);
    let unreachable = cluster.does(["ps"]);
    unreachable.fails(8, &["no node answers", "gary dev up"]);
    cluster.does(["dev", "up"]).exits(0);
    cluster.until(Cluster::hosts, |hosts| hosts.len() == 3);
    cluster.answers_everywhere();
    // It is scaled, and deleted, by generations of its own.
    let scaled = cluster.does(["scale", "hello", "1"]).exits(0);
    assert!(
        scaled.text().starts_with("committed hello gen 2 "),
        "{scaled:?}"
    );
    cluster.until(Cluster::hosts, |hosts| hosts.len() == 1);
    cluster.does(["rm", "hello"]).exits(0);
    cluster.until(Cluster::hosts, Vec::is_empty);
    cluster
        .does(["rm", "hello"])
        .fails(7, &["no workload is called hello"]);
}

#[test]
fn a_job_runs_to_completion_and_bad_input_changes_nothing() {
    let cluster = Cluster::up(1);
    let path = Guest("hello-cli").path();
    let path = path.to_str().expect("it is text");
    cluster
        .does(["deploy", path, "--job", "--name", "once"])
        .exits(0);
    // What each generation writes is told apart.
    cluster.does(["wait", "once"]).exits(0);
    cluster.does(["restart", "once"]).exits(0);
    let logs = |cluster: &Cluster| cluster.does(["logs", "once"]).text().to_owned();
    cluster.until(logs, |logs| {
        logs.contains("n1/0.g1 | hello") && logs.contains("n1/0 | hello")
    });
    let cut = &Guest("hello-cli").bytes()[..20_000];
    cluster.0.write("cut.wasm", cut);
    cluster.does(["deploy", "cut.wasm"]).fails(3, &["cut.wasm"]);
    let serves = HELLO.path();
    let serves = serves.to_str().expect("it is text");
    cluster
        .does(["deploy", serves, "--job"])
        .fails(3, &["serves", "without --job"]);
    cluster
        .does(["scale", "once", "2000000"])
        .fails(2, &["2000000", "1000000"]);
    let once = cluster.json(&["ps", "once"]);
    assert_eq!(once.len(), 1, "{once:?}");
    cluster
        .does(["ps", "twice"])
        .fails(7, &["twice", "gary ps"]);
    let names = cluster.json(&["ps"]);
    assert!(names.iter().all(|its| its["name"] == "once"), "{names:?}");
    let dirs = cluster.does(["deploy", path, "--dir", "."]);
    dirs.fails(3, &["directories", "gary run"]);
    cluster
        .does(["deploy", "nowhere.wasm"])
        .fails(7, &["nowhere.wasm"]);
    cluster
        .does(["dev", "kill", "n9"])
        .fails(7, &["no node is called n9", "n1"]);
    cluster
        .does(["dev", "up"])
        .fails(5, &["a cluster runs already"]);
    cluster
        .does(["node", "join", "garbage"])
        .fails(3, &["this is no token"]);
    // Nobody is there who could keep what it keeps.
    let drain = ["node", "drain", "--within", "1s"];
    let drained = cluster.does(drain).exits(124);
    for word in [
        "others have 1s",
        "error: n1 is drained but",
        "once",
        "undrain",
    ] {
        assert!(drained.stderr.contains(word), "no {word} in: {drained:?}");
    }
    cluster.does(["dev", "kill", "n1"]).exits(0);
    cluster
        .does(["node", "show", "n1"])
        .fails(7, &["no node called n1"]);
}

//! Requests that are under way while the nodes of a cluster come and go.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, to};
use crate::support::{Answer, Client, Guest, Request, get, post};

const SLOW: Guest = Guest("slow");

/// Within which a client hears that a node is lost: membership knows it after a second and a half, and a connection of its
/// own would take fifteen to notice.
const HEARS_WITHIN: Duration = Duration::from_secs(8);

/// Within which a request is passed on and answered, on a machine that has much else to do.
const ANSWERS_WITHIN: Duration = Duration::from_millis(1_500);

/// Clients at once.
const CLIENTS: usize = 8;

/// Sends a request of each client's own, does something once they are under way, and gives what they were answered.
fn under_way(
    ingress: SocketAddr,
    request: fn() -> Request,
    then: impl FnOnce(),
) -> Vec<Result<Answer, String>> {
    thread::scope(|scope| {
        let client = || Client::try_once(ingress, to("slow", request()));
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        // What is asked after all of them has been answered, so they are where they go.
        let last = Client::try_once(ingress, to("slow", get("/?ms=300")));
        last.expect("it is answered").is(200, "waited 300 ms\n");
        then();
        let ended = clients.into_iter().map(|its| its.join());
        ended.map(|its| its.expect("no client panics")).collect()
    })
}

#[test]
fn requests_outlive_the_node_that_serves_them() {
    let cluster = Cluster::up(3);
    cluster.deploys(SLOW, "slow", 2);
    let hosts = cluster.until(Cluster::hosts, |hosts| hosts.len() == 2);
    let all = ["n1", "n2", "n3"];
    let other = all.iter().find(|its| !hosts.contains(&(**its).to_owned()));
    let other = other.expect("there are three");
    let ingress = cluster.ingress(other);

    // A node that is told to stop answers what it has begun, and takes no more of it: others do.
    let answers = under_way(ingress, || get("/?ms=1500"), || cluster.stops(&hosts[0]));
    for answer in answers {
        answer.expect("it is answered").is(200, "waited 1500 ms\n");
    }
    // It tells others that it goes, so that nobody waits for membership to find out.
    cluster.until(
        |its| {
            let began = Instant::now();
            let answer = Client::ask_once(ingress, to("slow", get("/?ms=1")));
            answer.is(200, "waited 1 ms\n");
            assert!(began.elapsed() < ANSWERS_WITHIN, "{:?}", began.elapsed());
            its.nodes_up()
        },
        |count| *count == 2,
    );
    cluster.does(["dev", "start", &hosts[0]]).exits(0);
    let are_known = |hosts: &Vec<String>| hosts.iter().all(|its| all.contains(&its.as_str()));
    let hosts = cluster.until(Cluster::hosts, |hosts| hosts.len() == 2 && are_known(hosts));

    // What another node has not answered yet when it dies is answered by one that is there, if it may be asked twice.
    let other = all.iter().find(|its| !hosts.contains(&(**its).to_owned()));
    let ingress = cluster.ingress(other.expect("there are three"));
    let began = Instant::now();
    let kill = || _ = cluster.does(["dev", "kill", &hosts[0]]).exits(0);
    let answers = under_way(ingress, || get("/?ms=3000"), kill);
    for answer in answers {
        answer.expect("it is answered").is(200, "waited 3000 ms\n");
    }
    let took = began.elapsed();
    assert!(took < HEARS_WITHIN, "{took:?}");
}

#[test]
fn a_client_hears_soon_that_what_it_asked_for_is_lost() {
    let cluster = Cluster::up(3);
    cluster.deploys(SLOW, "slow", 1);
    let hosts = cluster.until(Cluster::hosts, |hosts| hosts.len() == 1);
    let others = ["n1", "n2", "n3"].into_iter();
    let others: Vec<&str> = others.filter(|its| *its != hosts[0]).collect();
    let [asked, silent] = others[..] else {
        panic!("there are three");
    };
    let ingress = cluster.ingress(asked);
    // A keeper that says nothing holds up nobody, before membership knows of it and after.
    cluster.does(["dev", "pause", silent]).exits(0);
    let paused = Instant::now();
    while paused.elapsed() < Duration::from_secs(3) {
        let began = Instant::now();
        let answer = Client::ask_once(ingress, to("slow", get("/?ms=1")));
        answer.is(200, "waited 1 ms\n");
        assert!(began.elapsed() < ANSWERS_WITHIN, "{:?}", began.elapsed());
    }
    cluster.does(["dev", "resume", silent]).exits(0);
    cluster.until(Cluster::nodes_up, |count| *count == 3);

    let began = Instant::now();
    let answers = thread::scope(|scope| {
        let drip = to("slow", get("/drip?n=1000&ms=50"));
        let drip = scope.spawn(move || Client::try_once(ingress, drip));
        let kill = || _ = cluster.does(["dev", "kill", &hosts[0]]).exits(0);
        // What may be asked twice is waited for until something runs elsewhere.
        let again = to("slow", get("/?ms=2000"));
        let again = scope.spawn(move || Client::ask_once(ingress, again));
        let answers = under_way(ingress, || post("/?ms=30000", "body"), kill);
        let again = again.join().expect("no client panics");
        again.is(200, "waited 2000 ms\n");
        let drip = drip.join().expect("no client panics");
        let drip = drip.expect("it has begun");
        assert!(drip.broken.is_some(), "{drip:?}");
        answers
    });
    for answer in answers {
        let answer = answer.expect("it is answered");
        assert_eq!(answer.status, 502, "{answer:?}");
        assert!(answer.headers.contains_key("gary-unanswered"), "{answer:?}");
    }
    let took = began.elapsed();
    assert!(took < HEARS_WITHIN, "{took:?}");
}

#[test]
fn no_request_is_refused_while_what_it_is_for_moves() {
    let cluster = Cluster::up(3);
    cluster.deploys(SLOW, "slow", 3);
    cluster.until(Cluster::hosts, |hosts| hosts.len() == 3);
    let is_over = AtomicBool::new(false);
    let asked = thread::scope(|scope| {
        let ingresses = cluster.ingresses().into_iter().cycle();
        let clients = ingresses.take(CLIENTS).map(|ingress| {
            let is_over = &is_over;
            scope.spawn(move || {
                let mut asked = 0;
                while !is_over.load(Relaxed) {
                    let answer = Client::try_once(ingress, to("slow", get("/?ms=20")));
                    answer.expect("it answers").is(200, "waited 20 ms\n");
                    asked += 1;
                }
                asked
            })
        });
        let clients: Vec<_> = clients.collect();
        for replicas in [1, 3, 2] {
            cluster
                .does(["scale", "slow", &replicas.to_string()])
                .exits(0);
            cluster.until(Cluster::hosts, |hosts| hosts.len() == replicas);
        }
        is_over.store(true, Relaxed);
        let asked = clients.into_iter().map(|its| its.join());
        asked
            .map(|its| its.expect("all are answered"))
            .sum::<usize>()
    });
    assert!(asked > CLIENTS, "{asked}");
}

//! Peers that come, go and come back.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::{Peer, Settings};
use tokio::runtime::{Builder, Runtime};

use super::net::{Agent, Net, key, resent, soon};

/// An agent that can be killed: it has no time to say goodbye.
struct Mortal {
    agent: Agent,
    runtime: Runtime,
}

impl Mortal {
    async fn start(net: &Net, name: u8, address: SocketAddr) -> Self {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let try_start = || {
            let _within = runtime.enter();
            net.try_agent_at(name, patient(), address)
        };
        // The port of one who died is free as soon as the system has taken note.
        let agent = soon(async {
            loop {
                if let Some(agent) = try_start() {
                    return agent;
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
        Self { agent, runtime }
    }

    async fn kill(self) {
        let Self { agent, runtime } = self;
        let killed = tokio::task::spawn_blocking(move || {
            runtime.shutdown_timeout(Duration::from_secs(30));
            drop(agent);
        });
        soon(killed).await.unwrap();
    }
}

/// Silence alone shows nothing within the time of a test.
fn patient() -> Settings {
    Settings {
        idle_timeout: Duration::from_secs(3_600),
        ..Settings::default()
    }
}

fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

pub(crate) async fn two_who_dial_at_once_lose_nothing(net: Net) {
    const FRAMES: usize = 200;
    for round in 0..10 {
        let (name_a, name_b) = (1 + 2 * round, 2 + 2 * round);
        let (mut a, mut b) = (net.agent(name_a), net.agent(name_b));
        let (to_a, to_b) = (a.peer(), b.peer());
        let send = |from: &Agent, to: Peer| {
            let transport = from.transport.clone();
            tokio::spawn(async move {
                for number in 0..FRAMES {
                    let frame = number.to_string().into();
                    transport.send_frame(to, frame).unwrap();
                    tokio::task::yield_now().await;
                }
            })
        };
        let sending = [send(&a, to_b), send(&b, to_a)];
        for agent in [&mut a, &mut b] {
            let mut came = BTreeSet::new();
            for _ in 0..FRAMES {
                came.insert(agent.next_frame().await);
            }
            assert_eq!(came.len(), FRAMES, "none comes twice");
        }
        for sent in sending {
            soon(sent).await.unwrap();
        }
        assert!(a.transport.connections() <= 2);
    }
}

pub(crate) async fn who_starts_again_is_found_where_it_was(net: Net) {
    let a = net.agent_with(1, patient());
    let mut b = Mortal::start(&net, 2, anywhere()).await;
    let to = b.agent.peer();
    a.send(to, "before");
    assert_eq!(b.agent.next_frame().await, "before");
    b.kill().await;
    let mut b = Mortal::start(&net, 2, to.address).await;
    assert_eq!(b.agent.peer(), to);

    // What is sent to one that is gone is lost, and that is how its end shows.
    assert_eq!(resent(&a, &mut b.agent, "after").await, "after");
    b.kill().await;
}

pub(crate) async fn who_starts_again_elsewhere_makes_itself_known(net: Net) {
    for (name_a, name_b) in [(1, 2), (2, 1)] {
        let mut a = net.agent_with(name_a, patient());
        let mut b = Mortal::start(&net, name_b, anywhere()).await;
        let old = b.agent.peer();
        a.send(old, "before");
        assert_eq!(b.agent.next_frame().await, "before");
        b.kill().await;

        // Whichever key is the lower, and though nobody has told of the end of the old connection.
        let mut b = Mortal::start(&net, name_b, anywhere()).await;
        b.agent.send(a.peer(), "here now");
        assert_eq!(a.next_frame().await, "here now");
        a.send(old, "after");
        assert_eq!(b.agent.next_frame().await, "after");
        assert_eq!(b.agent.peer().key, key(name_b));
        b.kill().await;
    }
}

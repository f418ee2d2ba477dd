//! Who serves which hosts, as far as their keepers tell: asked for each host by itself, and remembered for a while.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use gary_promise::{AgentId, WorkloadId, WorkloadName};
use gary_transport::{Peer, PeerKey};

use crate::api::Api;
use crate::flights::Flights;
use crate::gate::key;
use crate::keeping::{Kept, Serving, kept};
use crate::pauses::Pauses;

/// For how long it is taken for so who serves a host. Then it is asked again, and meanwhile still taken for so.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// For how long at most it is taken for so.
const STALE_FOR: Duration = Duration::from_secs(30);

/// Hosts of which it is remembered who serves them. Past it that one is forgotten that was asked for longest ago.
const REMEMBERED_MAX: usize = 4_096;

/// Hosts that are looked up at once. Whoever asks for one more is told to come again.
const LOOKS_MAX: usize = 256;

/// For how long a keeper's promise is waited for that nobody has told of yet, before a host is nobody's.
const HEARS_WITHIN: Duration = Duration::from_millis(500);

/// How long it is waited at most before it is looked again whether it has come.
const HEARS_EVERY: Duration = Duration::from_millis(50);

/// The longest answer that is taken from a keeper, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What is known of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// No workload wants it.
    Nobody,
    /// A workload does, which these nodes run besides this one.
    Served { name: WorkloadName, by: Vec<Peer> },
    /// Too many hosts are asked for at once.
    Busy,
}

/// Who serves which hosts.
pub(crate) struct Servers {
    knows: Arc<dyn Knows>,
    remembered: Arc<Mutex<BTreeMap<String, Remembered>>>,
    looks: Flights<String, Found>,
}

/// Who can tell of hosts.
pub(crate) trait Knows: Send + Sync + 'static {
    /// Finds out who serves a host.
    fn look(self: Arc<Self>, host: String) -> futures::future::BoxFuture<'static, Found>;
}

struct Remembered {
    found: Found,
    since: Instant,
    asked_for: Instant,
}

impl Servers {
    pub(crate) fn new(knows: Arc<dyn Knows>) -> Self {
        Self {
            knows,
            remembered: Arc::default(),
            looks: Flights::new(LOOKS_MAX),
        }
    }

    /// A node was lost when something was sent there for this host: it is not taken for who serves that until a keeper says
    /// so once more.
    pub(crate) fn forget(&self, host: &str, peer: PeerKey) {
        let mut remembered = lock(&self.remembered);
        if let Some(Found::Served { by, .. }) = remembered.get_mut(host).map(|its| &mut its.found) {
            by.retain(|its| its.key != peer);
        }
    }

    /// Who serves a host, as was found out a short while ago or is now.
    pub(crate) async fn find(&self, host: &str) -> Found {
        match self.recall(host) {
            Some(Found::Served { name, by }) if !by.is_empty() => Found::Served { name, by },
            _ => self.find_anew(host).await,
        }
    }

    /// Who serves a host by what its keepers say now.
    pub(crate) async fn find_anew(&self, host: &str) -> Found {
        match self.look(host) {
            Some(found) => found.await,
            None => Found::Busy,
        }
    }

    /// The workload that a host is, if that is known already. If not, it will be soon.
    pub(crate) fn owner(&self, host: &str) -> Option<WorkloadName> {
        let Some(found) = self.recall(host) else {
            let _looks = self.look(host);
            return None;
        };
        match found {
            Found::Served { name, .. } => Some(name),
            Found::Nobody | Found::Busy => None,
        }
    }

    /// What is remembered, if it is not too old. It is seen to that it does not become so.
    fn recall(&self, host: &str) -> Option<Found> {
        let now = Instant::now();
        let (found, age) = {
            let mut remembered = lock(&self.remembered);
            let its = remembered.get_mut(host)?;
            its.asked_for = now;
            (its.found.clone(), now - its.since)
        };
        if age > FRESH_FOR {
            let _looks = self.look(host);
        }
        (age <= STALE_FOR).then_some(found)
    }

    fn look(&self, host: &str) -> Option<crate::flights::Flight<Found>> {
        let (knows, remembered) = (Arc::clone(&self.knows), Arc::clone(&self.remembered));
        let host = host.to_owned();
        self.looks.join(host.clone(), || async move {
            let found = knows.look(host.clone()).await;
            remember(&mut lock(&remembered), host, &found);
            found
        })
    }
}

/// Nobody's host is not remembered: there are as many of them as somebody likes to make up.
fn remember(remembered: &mut BTreeMap<String, Remembered>, host: String, found: &Found) {
    let Found::Served { .. } = found else {
        remembered.remove(&host);
        return;
    };
    let now = Instant::now();
    if remembered.len() >= REMEMBERED_MAX && !remembered.contains_key(&host) {
        let oldest = remembered.iter().min_by_key(|(_, its)| its.asked_for);
        if let Some(oldest) = oldest.map(|(host, _)| host.clone()) {
            remembered.remove(&oldest);
        }
    }
    let found = found.clone();
    let its = Remembered {
        found,
        since: now,
        asked_for: now,
    };
    remembered.insert(host, its);
}

/// Asks the keepers that a node's agent has heard of.
pub(crate) struct Keepers(pub(crate) Arc<Api>);

impl Knows for Keepers {
    fn look(self: Arc<Self>, host: String) -> futures::future::BoxFuture<'static, Found> {
        Box::pin(async move {
            let Some(kept) = self.kept(&host).await else {
                return Found::Nobody;
            };
            match self.serving(&kept).await {
                Some(by) => Found::Served {
                    name: kept.name,
                    by,
                },
                None => Found::Nobody,
            }
        })
    }
}

impl Keepers {
    /// What a host is. News of what has just been deployed may still be on its way.
    async fn kept(&self, host: &str) -> Option<Kept> {
        let until = Instant::now() + HEARS_WITHIN;
        let mut pauses = Pauses::up_to(HEARS_EVERY);
        loop {
            let host = host.to_owned();
            let found = self.0.with(move |agent, now| kept(agent, &host, now));
            // A node that ends has nothing to say.
            if let Some(found) = found.await.ok()? {
                return Some(found);
            }
            if Instant::now() > until {
                return None;
            }
            pauses.pause().await;
        }
    }

    /// Whom the first keeper names that knows of somebody who serves it and is there, by all that this node knows: a keeper
    /// may not have noticed yet who is gone. Nothing where it is deleted.
    async fn serving(&self, kept: &Kept) -> Option<Vec<Peer>> {
        let asked = kept.keepers.iter().map(|its| self.ask(*its, kept.workload));
        let mut asked = FuturesUnordered::from_iter(asked);
        let (mut answer, mut is_deleted) = (kept.own.clone(), false);
        loop {
            if let Some(serving) = answer {
                is_deleted = serving.replicas == 0;
                let by = self.members(serving.nodes).await;
                if !by.is_empty() {
                    return Some(by);
                }
            }
            match asked.next().await {
                Some(next) => answer = next,
                None => return (!is_deleted).then(Vec::new),
            }
        }
    }

    async fn ask(&self, keeper: Peer, workload: WorkloadId) -> Option<Serving> {
        let path = format!("/v1/serving/{workload}");
        let answer = self.0.ask_for(keeper, &path, ANSWER_BYTES_MAX).await?;
        serde_json::from_slice(&answer).ok()
    }

    /// Those of these nodes that are there, without this one.
    async fn members(&self, nodes: Vec<String>) -> Vec<Peer> {
        let there = self.0.with(move |agent, _| {
            let members = agent.membership().members();
            let nodes = nodes.iter().filter_map(|its| its.parse::<AgentId>().ok());
            let there = nodes.filter_map(|its| members.get(&its));
            let there = there.map(|its| Peer {
                key: key(its.id.agent),
                address: its.id.address,
            });
            there.collect()
        });
        there.await.unwrap_or_default()
    }
}

/// Nobody panics while it holds one of these, and if so, what is in them is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;
    use futures::FutureExt;
    use futures::future::join_all;

    /// Knows that `silent` hosts never get an answer, and of all others that one node serves them.
    #[derive(Default)]
    struct World {
        looks: AtomicUsize,
    }

    impl Knows for World {
        fn look(self: Arc<Self>, host: String) -> futures::future::BoxFuture<'static, Found> {
            self.looks.fetch_add(1, Relaxed);
            async move {
                if host.starts_with("silent") {
                    return std::future::pending().await;
                }
                tokio::task::yield_now().await;
                match host.as_str() {
                    "nobody" => Found::Nobody,
                    host => served(host),
                }
            }
            .boxed()
        }
    }

    fn peer(byte: u8) -> Peer {
        Peer {
            key: PeerKey::new([byte; 32]),
            address: ([127, 0, 0, 1], 1).into(),
        }
    }

    fn served(host: &str) -> Found {
        Found::Served {
            name: "web".parse().expect("it is a name"),
            by: vec![peer(u8::try_from(host.len()).expect("it is short"))],
        }
    }

    #[tokio::test]
    async fn many_that_want_one_host_share_a_look_and_wait_for_no_other() {
        let world = Arc::new(World::default());
        let servers = Servers::new(Arc::clone(&world) as Arc<dyn Knows>);
        let silent = servers.find("silent");
        let mut silent = std::pin::pin!(silent);
        assert!(silent.as_mut().now_or_never().is_none());
        let all = join_all((0..100).map(|_| servers.find("web.localhost"))).await;
        assert!(all.iter().all(|its| *its == served("web.localhost")));
        assert_eq!(world.looks.load(Relaxed), 2);
        // What is known already is not asked for.
        let known = servers.find("web.localhost").now_or_never();
        assert_eq!(known, Some(served("web.localhost")));
        assert_eq!(world.looks.load(Relaxed), 2);
    }

    #[tokio::test]
    async fn what_was_known_serves_while_it_is_asked_anew() {
        let world = Arc::new(World::default());
        let servers = Servers::new(Arc::clone(&world) as Arc<dyn Knows>);
        for host in ["silent", "web"] {
            remember(
                &mut lock(&servers.remembered),
                host.to_owned(),
                &served(host),
            );
            let mut remembered = lock(&servers.remembered);
            let its = remembered.get_mut(host).expect("it was remembered");
            its.since = Instant::now() - 2 * FRESH_FOR;
        }
        // Whoever could tell never answers, and nobody waits for that.
        for _ in 0..2 {
            let found = servers.find("silent").now_or_never();
            assert_eq!(found, Some(served("silent")));
            tokio::task::yield_now().await;
        }
        assert_eq!(world.looks.load(Relaxed), 1);
        assert_eq!(servers.find("web").await, served("web"));
        assert_eq!(servers.find_anew("web").await, served("web"));
        let fresh = lock(&servers.remembered)["web"].since.elapsed();
        assert!(fresh < FRESH_FOR, "{fresh:?}");
    }

    #[tokio::test]
    async fn who_was_lost_is_not_taken_for_who_serves_a_host_until_that_is_said_anew() {
        let world = Arc::new(World::default());
        let servers = Servers::new(Arc::clone(&world) as Arc<dyn Knows>);
        assert_eq!(servers.find("web").await, served("web"));
        servers.forget("other", peer(3).key);
        servers.forget("web", peer(4).key);
        let known = servers.find("web").now_or_never();
        assert_eq!(known, Some(served("web")), "that was another");
        servers.forget("web", peer(3).key);
        assert_eq!(servers.find("web").await, served("web"));
        assert_eq!(world.looks.load(Relaxed), 2, "it was asked anew");
    }

    #[tokio::test]
    async fn there_is_no_more_to_remember_than_the_limit() {
        let servers = Servers::new(Arc::new(World::default()));
        for number in 0..REMEMBERED_MAX + 10 {
            let host = format!("h{number}");
            let _found = servers.find(&host).await;
            assert_eq!(servers.find("nobody").await, Found::Nobody);
        }
        let remembered = lock(&servers.remembered);
        assert_eq!(remembered.len(), REMEMBERED_MAX);
        assert!(!remembered.contains_key("h0") && !remembered.contains_key("nobody"));
    }
}

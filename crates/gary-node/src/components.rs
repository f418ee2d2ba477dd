//! The bytes of components: this node's own, and how it gets those of others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use gary_promise::{AgentId, ClusterId, ComponentDigest, Promise, Signed, WorkloadName};
use gary_store::{Unfinished, WriteError};
use gary_transport::{Peer, Transport};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::borrowing::{Borrowed, ask_for_copy, borrow};
use crate::flights::Flights;
use crate::members::OwnAgent;

/// The most components that a node fetches at once. Others wait.
const FETCHES_MAX: usize = 4;

/// The most components that are waited for at once.
const WAITED_FOR_MAX: usize = 4_096;

/// The most members that are asked for one component, one after the other, before it is waited or given up.
const ASKED_MAX: usize = 64;

/// How often those are asked again that lend to too many already. Then it is given up, and is tried again later.
const ROUNDS_MAX: usize = 60;

/// How long they are left alone before, at most: each who waits waits for a time of its own.
const ROUND_WAIT_MS_MAX: u64 = 1_000;

/// The most that are asked first since others have said that they lend it to them.
const NAMED_MAX: usize = 64;

/// Other nodes that have a copy of a component before a deploy of it goes on.
const COPIES: usize = 2;

/// How long one of them may take before another is asked as well.
const HEDGES_AFTER: Duration = Duration::from_secs(2);

/// How long the second is waited for once there is a first.
const ANOTHER_WITHIN: Duration = Duration::from_millis(500);

/// How long all of it may take.
const COPIED_WITHIN: Duration = Duration::from_secs(20);

/// The components that a node has, and gets.
pub(crate) struct Components {
    store: gary_store::Components,
    transport: Arc<dyn Transport>,
    own: Arc<dyn OwnAgent>,
    cluster: ClusterId,
    fetching: Semaphore,
    fetches: Flights<ComponentDigest, Result<(), FetchError>>,
}

/// Who is likely to have a component, besides those that everybody takes for the closest to it.
#[derive(Debug, Clone)]
pub(crate) enum Likely {
    /// Those who keep what this is the name of.
    KeepersOf(WorkloadName),
    /// A node that says so.
    Node(AgentId),
}

/// A component cannot be had.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("none of the {asked} nodes that were asked has the component {component}")]
    Nobody {
        component: ComponentDigest,
        asked: usize,
    },
    #[error("all of the {asked} nodes that have the component {component} lend it to others")]
    Lent {
        component: ComponentDigest,
        asked: usize,
    },
    #[error("the component cannot be kept: {0}")]
    Store(String),
    #[error("too many components are waited for")]
    Busy,
    #[error("no other node has taken a copy of the component, and this one may be lost")]
    Alone,
    #[error("the node ends")]
    Ending,
}

impl Components {
    pub(crate) fn new(
        store: gary_store::Components,
        transport: Arc<dyn Transport>,
        own: Arc<dyn OwnAgent>,
        cluster: ClusterId,
    ) -> Self {
        Self {
            store,
            transport,
            own,
            cluster,
            fetching: Semaphore::new(FETCHES_MAX),
            fetches: Flights::new(WAITED_FOR_MAX),
        }
    }

    /// Whether this node has a component.
    pub(crate) fn has(&self, component: ComponentDigest) -> bool {
        self.store.contains(digest_of(component))
    }

    /// Which of its components it keeps whatever else needs room.
    pub(crate) fn pin(&self, components: &BTreeSet<ComponentDigest>) {
        self.store.pin(components.iter().copied().map(digest_of));
    }

    /// A component of this node's own, to read from.
    pub(crate) async fn open(
        &self,
        component: ComponentDigest,
    ) -> Result<Option<gary_store::Component>, FetchError> {
        if !self.has(component) {
            return Ok(None);
        }
        let store = self.store.clone();
        blocking(move || store.get(digest_of(component)))
            .await
            .map(Some)
    }

    async fn read(&self, component: ComponentDigest) -> Result<Option<Vec<u8>>, FetchError> {
        match self.open(component).await? {
            Some(its) => blocking(move || its.read()).await.map(Some),
            None => Ok(None),
        }
    }

    /// Keeps a component, if these bytes are it, and sees to it that it does not depend on this node alone.
    pub(crate) async fn put(
        self: &Arc<Self>,
        component: ComponentDigest,
        bytes: Bytes,
    ) -> Result<(), FetchError> {
        let store = self.store.clone();
        blocking(move || store.put(digest_of(component), &bytes)).await?;
        let copied = tokio::time::timeout(COPIED_WITHIN, self.copy(component)).await;
        copied.unwrap_or(Err(FetchError::Alone))
    }

    /// Has other members take copies, those first that everybody takes for the closest to it: one at least, if there is
    /// another.
    async fn copy(&self, component: ComponentDigest) -> Result<(), FetchError> {
        let mut others = self.others().await?;
        if others.is_empty() {
            return Ok(());
        }
        others.sort_by_key(|(agent, _)| distance(component, agent));
        let mut others = others.into_iter().map(|(_, peer)| peer);
        let ask = |peer| ask_for_copy(&self.transport, peer, component);
        let mut asked = FuturesUnordered::from_iter(others.by_ref().take(COPIES).map(ask));
        let mut copies = 0;
        while copies < COPIES {
            let patience = if copies > 0 {
                ANOTHER_WITHIN
            } else {
                HEDGES_AFTER
            };
            match tokio::time::timeout(patience, asked.next()).await {
                Ok(Some(true)) => copies += 1,
                Ok(Some(false)) => asked.extend(others.next().map(ask)),
                Ok(None) => break,
                // It goes on where it has begun, and that is not waited for.
                Err(_) if copies > 0 => break,
                // Whoever is asked may be about to be taken for gone.
                Err(_) => asked.extend(others.next().map(ask)),
            }
        }
        match copies {
            0 => Err(FetchError::Alone),
            _ => Ok(()),
        }
    }

    /// A component, wherever it is.
    pub(crate) async fn get(
        self: &Arc<Self>,
        component: ComponentDigest,
        likely: Likely,
    ) -> Result<Vec<u8>, FetchError> {
        if let Some(bytes) = self.read(component).await? {
            return Ok(bytes);
        }
        self.fetch(component, likely).await?;
        let gone = FetchError::Nobody {
            component,
            asked: 0,
        };
        self.read(component).await?.ok_or(gone)
    }

    /// Sees to it that this node has a component.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        component: ComponentDigest,
        likely: Likely,
    ) -> Result<(), FetchError> {
        if self.has(component) {
            return Ok(());
        }
        let this = Arc::clone(self);
        let fetch = || async move { this.fetch_from_any(component, likely).await };
        let fetch = self.fetches.join(component, fetch);
        fetch.ok_or(FetchError::Busy)?.await
    }

    /// Takes what there is of it from whoever has it: where one breaks off, another goes on.
    async fn fetch_from_any(
        &self,
        component: ComponentDigest,
        likely: Likely,
    ) -> Result<(), FetchError> {
        let (mut asked, mut named) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..ROUNDS_MAX {
            // Held for as long as it is asked for, and not while it is waited: others are fetched then.
            let turn = self.fetching.acquire().await;
            let turn = turn.map_err(|_| FetchError::Ending)?;
            let others = self.others().await?;
            let mut likely = self.likely(component, &likely, &others).await?;
            likely.extend(&named);
            let mut round = Round::new(others, likely);
            while let Some(peer) = round.next() {
                asked.insert(peer.key);
                let Some(unfinished) = self.begin(component).await? else {
                    return Ok(());
                };
                let wanted = (component, self.cluster);
                match borrow(&self.transport, peer, wanted, unfinished).await {
                    Ok(Borrowed::Whole) => return Ok(()),
                    Ok(Borrowed::Later(lent)) => {
                        round.lends_later = true;
                        let room = NAMED_MAX.saturating_sub(named.len());
                        // They are getting it themselves, and have it in the next round.
                        named.extend(lent.into_iter().take(room));
                    }
                    Ok(Borrowed::No) => {}
                    Err(why) => return Err(FetchError::Store(why)),
                }
            }
            if !round.lends_later {
                let asked = asked.len();
                return Err(FetchError::Nobody { component, asked });
            }
            drop(turn);
            let wait_ms = fastrand::u64(0..ROUND_WAIT_MS_MAX);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        let asked = asked.len();
        Err(FetchError::Lent { component, asked })
    }

    /// What there is of it; none where that is all.
    async fn begin(&self, component: ComponentDigest) -> Result<Option<Unfinished>, FetchError> {
        let store = self.store.clone();
        blocking(move || match store.begin(digest_of(component)) {
            Ok(unfinished) => Ok(Some(unfinished)),
            Err(WriteError::Present { .. }) => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    /// Those who are likely to have a component.
    async fn likely(
        &self,
        component: ComponentDigest,
        likely: &Likely,
        others: &[(AgentId, Peer)],
    ) -> Result<BTreeSet<AgentId>, FetchError> {
        let mut closest: Vec<AgentId> = others.iter().map(|(agent, _)| *agent).collect();
        closest.sort_by_key(|agent| distance(component, agent));
        closest.truncate(COPIES);
        match likely {
            Likely::Node(node) => closest.push(*node),
            Likely::KeepersOf(name) => {
                let keepers = self.own.keepers(name.clone()).await;
                closest.extend(keepers.ok_or(FetchError::Ending)?);
            }
        }
        Ok(closest.into_iter().collect())
    }

    /// This node's promise that it has a component.
    pub(crate) async fn have(&self, component: ComponentDigest) -> Option<Signed<Promise>> {
        self.own.have(component).await
    }

    /// The other members, and where they are.
    async fn others(&self) -> Result<Vec<(AgentId, Peer)>, FetchError> {
        self.own.others().await.ok_or(FetchError::Ending)
    }
}

/// Whom to ask for a component, one after the other: those that are likely to have it, in an order of chance, so that no
/// two nodes ask them in the same; and where none of these has it, others, who are told its digest by that and nothing
/// of what it is for.
struct Round {
    unasked: Vec<(AgentId, Peer)>,
    likely: BTreeSet<AgentId>,
    /// Somebody has it, and lends to too many already.
    lends_later: bool,
    left: usize,
}

impl Round {
    fn new(others: Vec<(AgentId, Peer)>, likely: BTreeSet<AgentId>) -> Self {
        let mut unasked = others;
        fastrand::shuffle(&mut unasked);
        Self {
            unasked,
            likely,
            lends_later: false,
            left: ASKED_MAX,
        }
    }

    fn next(&mut self) -> Option<Peer> {
        self.left = self.left.checked_sub(1)?;
        let mut unasked = self.unasked.iter();
        let next = match unasked.position(|(agent, _)| self.likely.contains(agent)) {
            Some(likely) => likely,
            None if self.lends_later || self.unasked.is_empty() => return None,
            None => 0,
        };
        Some(self.unasked.swap_remove(next).1)
    }
}

/// How far an agent is from a component. Both are as good as drawn, so each agent is the closest to as many.
fn distance(component: ComponentDigest, agent: &AgentId) -> [u8; 32] {
    let mut distance = *component.as_bytes();
    for (byte, other) in distance.iter_mut().zip(agent.as_bytes()) {
        *byte ^= other;
    }
    distance
}

/// Does what waits for the disk.
async fn blocking<T, E>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, FetchError>
where
    T: Send + 'static,
    E: std::error::Error + Send + 'static,
{
    let done = spawn_blocking(work).await.map_err(|_| FetchError::Ending)?;
    done.map_err(|error| {
        let why = error.source().map(|why| format!(": {why}"));
        FetchError::Store(format!("{error}{}", why.unwrap_or_default()))
    })
}

fn digest_of(component: ComponentDigest) -> gary_store::Digest {
    gary_store::Digest::new(*component.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::Ipv4Addr;

    use super::*;
    use crate::gate::key;

    const LIKELY: u8 = 5;

    /// A hundred nodes, of which the first few are likely to have it.
    fn round() -> Round {
        let others = (0..100).map(|number| {
            let agent = AgentId::from_bytes([number; 32]);
            let address = (Ipv4Addr::LOCALHOST, u16::from(number)).into();
            let key = key(agent);
            (agent, Peer { key, address })
        });
        let likely = (0..LIKELY).map(|number| AgentId::from_bytes([number; 32]));
        Round::new(others.collect(), likely.collect())
    }

    fn asks(round: &mut Round) -> Option<u8> {
        round.next().map(|peer| peer.key.as_bytes()[0])
    }

    #[test]
    fn whom_a_thousand_nodes_ask_first_is_spread_over_those_that_are_likely_to_have_it() {
        let mut firsts = BTreeMap::<u8, u32>::new();
        for _ in 0..1_000 {
            let first = asks(&mut round()).expect("there are others");
            *firsts.entry(first).or_default() += 1;
        }
        let likely = Vec::from_iter(0..LIKELY);
        assert_eq!(Vec::from_iter(firsts.keys().copied()), likely);
        assert!(firsts.values().all(|its| (100..300).contains(its)));
    }

    #[test]
    fn others_are_asked_only_where_nobody_likely_has_it_and_no_more_than_so_many() {
        let mut nobody_has_it = round();
        let asked: BTreeSet<u8> = std::iter::from_fn(|| asks(&mut nobody_has_it)).collect();
        assert_eq!(asked.len(), ASKED_MAX);
        assert!((0..LIKELY).all(|likely| asked.contains(&likely)));

        let mut somebody_does = round();
        somebody_does.lends_later = true;
        let asked: BTreeSet<u8> = std::iter::from_fn(|| asks(&mut somebody_does)).collect();
        assert_eq!(asked, BTreeSet::from_iter(0..LIKELY));
    }
}

//! The bytes of components: this node's own, and how it gets those of others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use gary_promise::{AgentId, ComponentDigest};
use gary_store::{Unfinished, WriteError};
use gary_transport::{Peer, Transport};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::spawn_blocking;

use crate::borrowing::{Borrowed, ask_for_copy, borrow};
use crate::event::{Event, look};
use crate::flights::Flights;
use crate::members;

/// The most components that a node fetches at once. Others wait.
const FETCHES_MAX: usize = 4;

/// The most components that are waited for at once.
const WAITED_FOR_MAX: usize = 4_096;

/// The most members that are asked for one component before it is given up, and is tried again later.
const ASKED_MAX: usize = 64;

/// How often those are asked again that lend to too many already.
const ROUNDS_MAX: usize = 20;

/// How long they are left alone before, at most: each who waits waits for a time of its own.
const ROUND_WAIT_MS_MAX: u64 = 500;

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
    events: mpsc::Sender<Event>,
    fetching: Semaphore,
    fetches: Flights<ComponentDigest, Result<(), FetchError>>,
}

/// A component cannot be had.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("none of the {asked} nodes that were asked has the component {component}")]
    Nobody {
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
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self {
            store,
            transport,
            events,
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

    /// A component, wherever it is. `keeper` keeps its workload.
    pub(crate) async fn get(
        self: &Arc<Self>,
        component: ComponentDigest,
        keeper: AgentId,
    ) -> Result<Vec<u8>, FetchError> {
        if let Some(bytes) = self.read(component).await? {
            return Ok(bytes);
        }
        self.fetch(component, Some(keeper)).await?;
        let gone = FetchError::Nobody {
            component,
            asked: 0,
        };
        self.read(component).await?.ok_or(gone)
    }

    /// Sees to it that this node has a component. `likely` has it, if anybody does.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        component: ComponentDigest,
        likely: Option<AgentId>,
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
        likely: Option<AgentId>,
    ) -> Result<(), FetchError> {
        let turn = self.fetching.acquire().await;
        let _turn = turn.map_err(|_| FetchError::Ending)?;
        let mut asked = BTreeSet::new();
        for _ in 0..ROUNDS_MAX {
            let mut lends_later = false;
            for peer in self.whom_to_ask(component, likely).await? {
                asked.insert(peer.key);
                let Some(unfinished) = self.begin(component).await? else {
                    return Ok(());
                };
                match borrow(&self.transport, peer, component, unfinished).await {
                    Ok(Borrowed::Whole) => return Ok(()),
                    Ok(Borrowed::Later) => lends_later = true,
                    Ok(Borrowed::No) => {}
                    Err(why) => return Err(FetchError::Store(why)),
                }
            }
            if !lends_later {
                break;
            }
            let wait_ms = fastrand::u64(0..ROUND_WAIT_MS_MAX);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        let asked = asked.len();
        Err(FetchError::Nobody { component, asked })
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

    /// Whom to ask: those first that are likely to have it, in no order that two nodes share, and then others.
    async fn whom_to_ask(
        &self,
        component: ComponentDigest,
        likely: Option<AgentId>,
    ) -> Result<Vec<Peer>, FetchError> {
        let mut members = self.others().await?;
        fastrand::shuffle(&mut members);
        let mut closest: Vec<AgentId> = members.iter().map(|(agent, _)| *agent).collect();
        closest.sort_by_key(|agent| distance(component, agent));
        closest.truncate(COPIES);
        members.sort_by_key(|(agent, _)| !(likely == Some(*agent) || closest.contains(agent)));
        members.truncate(ASKED_MAX);
        Ok(members.into_iter().map(|(_, peer)| peer).collect())
    }

    /// The other members, and where they are.
    async fn others(&self) -> Result<Vec<(AgentId, Peer)>, FetchError> {
        let others = look(&self.events, |agent, _| members::others(agent));
        others.await.ok_or(FetchError::Ending)
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

//! The bytes of components: this node's own, and how it gets those of others.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gary_host::ARTIFACT_BYTES_MAX;
use gary_promise::{AgentId, ComponentDigest};
use gary_transport::{Lane, Peer, Transport};
use http::StatusCode;
use http_body_util::{BodyExt, Empty, Limited};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::spawn_blocking;

use crate::event::{Ask, Event};
use crate::gate::key;
use crate::peer_http::{self, Kind};

/// The most components that a node fetches at once. Others wait.
const FETCHES_MAX: usize = 4;

/// The most members that are asked for one component before the hosting fails, and is tried again later.
const ASKED_MAX: usize = 64;

/// How long a member has for a component.
const FETCH_WITHIN: Duration = Duration::from_secs(60);

/// The components that a node has, and gets.
pub(crate) struct Components {
    store: Arc<gary_store::Components>,
    transport: Arc<dyn Transport>,
    events: mpsc::Sender<Event>,
    fetching: Semaphore,
}

/// A component cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("none of the {asked} nodes that were asked has the component {component}")]
    Nobody {
        component: ComponentDigest,
        asked: usize,
    },
    #[error("the component cannot be kept: {0}")]
    Store(String),
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
            store: Arc::new(store),
            transport,
            events,
            fetching: Semaphore::new(FETCHES_MAX),
        }
    }

    /// A component of this node's own.
    pub(crate) async fn own(
        &self,
        component: ComponentDigest,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        let (store, digest) = (Arc::clone(&self.store), digest_of(component));
        let read = spawn_blocking(move || match store.contains(digest) {
            true => store
                .get(digest)
                .map_err(|error| error.to_string())
                .and_then(|its| its.read().map_err(|error| error.to_string()))
                .map(Some),
            false => Ok(None),
        });
        let read = read.await.map_err(|_| FetchError::Ending)?;
        read.map_err(FetchError::Store)
    }

    /// Keeps a component, if these bytes are it.
    pub(crate) async fn put(
        &self,
        component: ComponentDigest,
        bytes: Bytes,
    ) -> Result<(), FetchError> {
        let (store, digest) = (Arc::clone(&self.store), digest_of(component));
        let put = spawn_blocking(move || store.put(digest, &bytes));
        let put = put.await.map_err(|_| FetchError::Ending)?;
        put.map_err(|error| FetchError::Store(error.to_string()))
    }

    /// A component, wherever it is: asks who keeps its workload first, and then others in no order that two nodes share.
    pub(crate) async fn get(
        &self,
        component: ComponentDigest,
        keeper: AgentId,
    ) -> Result<Vec<u8>, FetchError> {
        if let Some(bytes) = self.own(component).await? {
            return Ok(bytes);
        }
        let _turn = self
            .fetching
            .acquire()
            .await
            .map_err(|_| FetchError::Ending)?;
        if let Some(bytes) = self.own(component).await? {
            return Ok(bytes);
        }
        let peers = self.peers(keeper).await?;
        let mut asked = 0;
        for peer in peers {
            asked += 1;
            if let Some(bytes) = self.fetch(component, peer).await
                && self.put(component, bytes.clone()).await.is_ok()
            {
                return Ok(bytes.to_vec());
            }
        }
        Err(FetchError::Nobody { component, asked })
    }

    /// Whom to ask: the keeper, and others.
    async fn peers(&self, keeper: AgentId) -> Result<Vec<Peer>, FetchError> {
        let (tell, told) = tokio::sync::oneshot::channel();
        let look = move |agent: &mut gary_agent::Agent<gary_wire::WireCodec>, _| {
            let me = agent.id();
            let members = agent.membership().members().into_values();
            let members = members.map(|its| (its.id.agent, its.id.address));
            let _ = tell.send(Vec::from_iter(members.filter(|(its, _)| *its != me)));
        };
        let ask = Event::Asked(Ask::With(Box::new(look)));
        self.events
            .send(ask)
            .await
            .map_err(|_| FetchError::Ending)?;
        let mut members = told.await.map_err(|_| FetchError::Ending)?;
        fastrand::shuffle(&mut members);
        members.sort_by_key(|(agent, _)| *agent != keeper);
        members.truncate(ASKED_MAX);
        let peers = members.into_iter().map(|(agent, address)| Peer {
            key: key(agent),
            address,
        });
        Ok(peers.collect())
    }

    async fn fetch(&self, component: ComponentDigest, from: Peer) -> Option<Bytes> {
        let fetch = async {
            let request = http::Request::get(format!("/v1/components/{component}"))
                .header(http::header::HOST, "peer")
                .body(Empty::new().map_err(|never| match never {}).boxed_unsync())
                .ok()?;
            let sent = peer_http::send(&self.transport, from, Lane::Bulk, Kind::Api, request);
            let response = sent
                .await
                .inspect_err(|error| tracing::debug!(peer = %from.key, %error, "no component"))
                .ok()?;
            if response.status() != StatusCode::OK {
                return None;
            }
            let bytes_max = usize::try_from(ARTIFACT_BYTES_MAX).unwrap_or(usize::MAX);
            let body = Limited::new(response.into_body(), bytes_max)
                .collect()
                .await;
            body.map(http_body_util::Collected::to_bytes).ok()
        };
        tokio::time::timeout(FETCH_WITHIN, fetch).await.ok()?
    }
}

fn digest_of(component: ComponentDigest) -> gary_store::Digest {
    gary_store::Digest::new(*component.as_bytes())
}

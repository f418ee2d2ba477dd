//! Giving components to other nodes, piece by piece, and taking copies when they ask for that.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use futures::stream;
use gary_promise::{AgentId, ComponentDigest};
use gary_store::Component;
use gary_transport::PeerKey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::api::Refusal;
use crate::components::{Components, Likely};
use crate::gate::agent;
use crate::having::{self, HAVE};

/// The most components that are given away at once. Whoever asks for one more is told who was lent it before, and asks
/// those as well, who may have it by then: so a hundred nodes that want one do not all wait for the first.
const LOANS_MAX: usize = 8;

/// The most loans that are remembered, of all components. Past it the first one is forgotten.
const LENT_MAX: usize = 1_024;

/// The most that are named of those to whom a component was lent: the last ones.
const NAMED_MAX: usize = 32;

/// As much is read at once.
const PIECE_BYTES: usize = 256 << 10;

/// Gives components to other nodes.
pub(crate) struct Lending {
    components: Arc<Components>,
    loans: Arc<Semaphore>,
    lent: Mutex<VecDeque<(ComponentDigest, AgentId)>>,
}

impl Lending {
    pub(crate) fn new(components: Arc<Components>) -> Self {
        Self {
            components,
            loans: Arc::new(Semaphore::new(LOANS_MAX)),
            lent: Mutex::default(),
        }
    }

    /// Remembers to whom a component is lent.
    fn lends(&self, component: ComponentDigest, to: AgentId) {
        let mut lent = self.lent();
        lent.retain(|its| *its != (component, to));
        if lent.len() >= LENT_MAX {
            lent.pop_front();
        }
        lent.push_back((component, to));
    }

    /// To whom a component was lent of late.
    fn lent_to(&self, component: ComponentDigest) -> Vec<AgentId> {
        let lent = self.lent();
        let lent = lent.iter().rev().filter(|(its, _)| *its == component);
        lent.take(NAMED_MAX).map(|(_, agent)| *agent).collect()
    }

    /// What is in it is whole, whoever panics.
    fn lent(&self) -> MutexGuard<'_, VecDeque<(ComponentDigest, AgentId)>> {
        self.lent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where another node asks for components.
    pub(crate) fn router(self: &Arc<Self>, from: PeerKey) -> Router {
        Router::new()
            .route("/v1/components/{digest}", get(lend))
            .route("/v1/components/{digest}/copies", post(copy))
            .with_state((Arc::clone(self), agent(from)))
    }
}

type Asked = State<(Arc<Lending>, AgentId)>;

/// A component from some offset on, behind this node's own promise that it has it.
async fn lend(
    State((lending, asker)): Asked,
    Path(digest): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let asked = parsed(&digest)?;
    let opened = lending.components.open(asked).await;
    let opened =
        opened.map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let Some(component) = opened else {
        let why = format!("{digest} is not here");
        return Err(Refusal(StatusCode::NOT_FOUND, why));
    };
    let Ok(loan) = Arc::clone(&lending.loans).try_acquire_owned() else {
        let mut others = lending.lent_to(asked);
        others.retain(|its| *its != asker);
        let others = Vec::from_iter(others.iter().map(ToString::to_string));
        let head = [(RETRY_AFTER, "1")];
        return Ok((StatusCode::SERVICE_UNAVAILABLE, head, Json(others)).into_response());
    };
    let have = lending.components.have(asked).await;
    let have = (HAVE, having::header(have.ok_or_else(Refusal::ending)?));
    let length = component.bytes();
    let offset = offset(&headers);
    if offset > 0 && offset >= length {
        return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [have]).into_response());
    }
    lending.lends(asked, asker);
    let left = (CONTENT_LENGTH, HeaderValue::from(length - offset));
    let body = Body::from_stream(pieces(component, offset, loan));
    Ok(match offset {
        0 => (StatusCode::OK, [left, have], body).into_response(),
        _ => {
            let range = format!("bytes {offset}-{}/{length}", length - 1);
            let range = range.try_into().expect("numbers are a header");
            let head = [left, (CONTENT_RANGE, range), have];
            (StatusCode::PARTIAL_CONTENT, head, body).into_response()
        }
    })
}

/// From where on somebody wants it: no other form of a range is ever asked for.
fn offset(headers: &HeaderMap) -> u64 {
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok());
    let offset = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    offset.and_then(|its| its.parse().ok()).unwrap_or(0)
}

fn pieces(
    component: Component,
    offset: u64,
    loan: OwnedSemaphorePermit,
) -> impl stream::Stream<Item = std::io::Result<Bytes>> {
    let begun = (Arc::new(component), offset, loan);
    stream::try_unfold(begun, |(component, offset, loan)| async move {
        let from = Arc::clone(&component);
        let read = spawn_blocking(move || {
            let mut piece = vec![0; PIECE_BYTES];
            let length = from.read_at(offset, &mut piece)?;
            piece.truncate(length);
            std::io::Result::Ok(piece)
        });
        let piece = Bytes::from(read.await.map_err(std::io::Error::other)??);
        let next = offset + piece.len() as u64;
        Ok((!piece.is_empty()).then_some((piece, (component, next, loan))))
    })
}

/// Takes a copy of a component, of whoever asks for that or has one.
async fn copy(
    State((lending, asker)): Asked,
    Path(digest): Path<String>,
) -> Result<StatusCode, Refusal> {
    let component = parsed(&digest)?;
    let fetched = lending
        .components
        .fetch(component, Likely::Node(asker))
        .await;
    fetched.map_err(|error| Refusal(StatusCode::INSUFFICIENT_STORAGE, error.to_string()))?;
    Ok(StatusCode::NO_CONTENT)
}

fn parsed(digest: &str) -> Result<ComponentDigest, Refusal> {
    digest.parse().map_err(|error| {
        let why = format!("{digest} is no digest: {error}");
        Refusal(StatusCode::BAD_REQUEST, why)
    })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::Path as FilePath;

    use futures::FutureExt;
    use futures::future::{BoxFuture, join_all, ready};
    use gary_promise::{
        AgentKey, Body as Promised, BootEpoch, ClusterId, Condition, Have, Promise, Promiser,
        Signed, WorkloadName,
    };
    use gary_store::{Digest, Unfinished};
    use gary_transport::memory::Network;
    use gary_transport::{Doorkeeper, Event, Peer, Settings, Transport};
    use gary_wire::WireCodec;
    use hyper_util::rt::TokioIo;
    use hyper_util::service::TowerToHyperService;

    use super::*;
    use crate::borrowing::{Borrowed, borrow};
    use crate::gate::key;
    use crate::members::OwnAgent;
    use crate::peer_http::both_ways;

    /// Lets in everybody.
    struct Open;

    impl Doorkeeper for Open {
        fn admits(&self, _peer: PeerKey) -> bool {
            true
        }

        fn credentials(&self, _peer: PeerKey) -> Bytes {
            Bytes::new()
        }

        fn check<'a>(
            &'a self,
            _peer: PeerKey,
            _address: SocketAddr,
            _presented: &'a Bytes,
        ) -> BoxFuture<'a, Result<(), String>> {
            Box::pin(std::future::ready(Ok(())))
        }
    }

    fn bytes() -> Vec<u8> {
        let pieces = (0..300_000_u32).flat_map(u32::to_le_bytes);
        pieces.collect()
    }

    fn store(dir: &FilePath) -> gary_store::Components {
        gary_store::Components::open(dir.to_owned(), 1 << 30).expect("there is a place for it")
    }

    const CLUSTER: ClusterId = ClusterId::from_bytes([9; 32]);

    /// Knows whom it is told of, and promises by a key of its own.
    struct Knows {
        others: Mutex<Vec<(AgentId, Peer)>>,
        promiser: Mutex<Promiser>,
    }

    impl OwnAgent for Knows {
        fn others(&self) -> BoxFuture<'_, Option<Vec<(AgentId, Peer)>>> {
            let others = self.others.lock().expect("nobody panics");
            ready(Some(others.clone())).boxed()
        }

        fn keepers(&self, _name: WorkloadName) -> BoxFuture<'_, Option<Vec<AgentId>>> {
            ready(Some(Vec::new())).boxed()
        }

        fn have(&self, component: ComponentDigest) -> BoxFuture<'_, Option<Signed<Promise>>> {
            let mut promiser = self.promiser.lock().expect("nobody panics");
            let have = Promised::Have(Have { component });
            let made = promiser.promise(have, Condition::default(), &WireCodec);
            ready(made.ok().map(|its| its.signed().clone())).boxed()
        }
    }

    /// A node as far as it gets components and gives them away.
    struct Node {
        lending: Arc<Lending>,
        knows: Arc<Knows>,
        transport: Arc<dyn Transport>,
        store: gary_store::Components,
    }

    impl Node {
        /// One whose agent promises by the key of `promises`.
        fn of(network: &Network, dir: &FilePath, number: u8, promises: u8) -> Self {
            let own_key = |number: u8| AgentKey::from_seed(&[number; 32]);
            let at = (Ipv4Addr::LOCALHOST, 0).into();
            let settings = Settings::default();
            let bound = network.bind(at, key(own_key(number).id()), settings, Arc::new(Open));
            let (transport, mut heard) = bound.expect("nobody else is there");
            let store = store(&dir.join(number.to_string()));
            let promiser = Promiser::new(own_key(promises), CLUSTER, BootEpoch(1));
            let knows = Arc::new(Knows {
                others: Mutex::default(),
                promiser: Mutex::new(promiser),
            });
            let own: Arc<dyn OwnAgent> = knows.clone();
            let components = Components::new(store.clone(), Arc::clone(&transport), own, CLUSTER);
            let lending = Arc::new(Lending::new(Arc::new(components)));
            let lender = Arc::clone(&lending);
            tokio::spawn(async move {
                while let Some(heard) = heard.next().await {
                    let Event::Request { from, stream, .. } = heard else {
                        continue;
                    };
                    let router = TowerToHyperService::new(lender.router(from.key));
                    let served = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(both_ways(stream)), router);
                    tokio::spawn(served);
                }
            });
            Self {
                lending,
                knows,
                transport,
                store,
            }
        }

        fn peer(&self) -> Peer {
            Peer {
                key: self.transport.key(),
                address: self.transport.local_address(),
            }
        }

        fn has(&self) {
            let put = self.store.put(Digest::of(&bytes()), &bytes());
            put.expect("there is room");
        }
    }

    /// A node that has one component, and who asks it for that.
    async fn lends(dir: &FilePath) -> (Arc<Lending>, Peer, Arc<dyn Transport>) {
        let network = Network::new();
        let lender = Node::of(&network, dir, 1, 1);
        lender.has();
        let asks = Node::of(&network, dir, 2, 2).transport;
        (Arc::clone(&lender.lending), lender.peer(), asks)
    }

    fn begun(store: &gary_store::Components, with: &[u8]) -> Unfinished {
        let mut unfinished = store.begin(Digest::of(&bytes())).expect("nobody else does");
        unfinished.append(with).expect("there is room");
        unfinished
    }

    #[tokio::test]
    async fn a_component_goes_on_where_it_was_left_off() {
        let dir = tempfile::tempdir().expect("there is a place for it");
        let (_lending, from, asks) = lends(&dir.path().join("theirs")).await;
        let own = store(&dir.path().join("own"));
        let digest = Digest::of(&bytes());
        let component = ComponentDigest::from_bytes(*digest.as_bytes());
        // What is there is wrong, which shows at the end, and it is begun anew.
        let wrong = begun(&own, &[0; 1_000]);
        let borrowed = borrow(&asks, from, (component, CLUSTER), wrong).await;
        assert!(matches!(borrowed, Ok(Borrowed::No)));
        let part = begun(&own, &bytes()[..700_000]);
        let borrowed = borrow(&asks, from, (component, CLUSTER), part).await;
        assert!(matches!(borrowed, Ok(Borrowed::Whole)));
        let read = own.get(digest).expect("it is there").read();
        assert_eq!(read.expect("it can be read"), bytes());
    }

    #[tokio::test]
    async fn all_of_it_may_be_there_and_only_not_be_known_to_be() {
        let dir = tempfile::tempdir().expect("there is a place for it");
        let (_lending, from, asks) = lends(&dir.path().join("theirs")).await;
        let own = store(&dir.path().join("own"));
        let component = ComponentDigest::from_bytes(*Digest::of(&bytes()).as_bytes());
        let all = begun(&own, &bytes());
        let borrowed = borrow(&asks, from, (component, CLUSTER), all).await;
        assert!(matches!(borrowed, Ok(Borrowed::Whole)));
    }

    #[tokio::test]
    async fn whoever_lends_to_many_already_says_so() {
        let dir = tempfile::tempdir().expect("there is a place for it");
        let (lending, from, asks) = lends(&dir.path().join("theirs")).await;
        let own = store(&dir.path().join("own"));
        let component = ComponentDigest::from_bytes(*Digest::of(&bytes()).as_bytes());
        let others = lending.loans.acquire_many(8).await;
        let later = borrow(&asks, from, (component, CLUSTER), begun(&own, &[])).await;
        assert_eq!(later, Ok(Borrowed::Later(Vec::new())));
        drop(others);
        let whole = borrow(&asks, from, (component, CLUSTER), begun(&own, &[])).await;
        assert!(matches!(whole, Ok(Borrowed::Whole)));
        let other = ComponentDigest::from_bytes([7; 32]);
        let digest = Digest::new([7; 32]);
        let unknown = own.begin(digest).expect("nobody else does");
        let none = borrow(&asks, from, (other, CLUSTER), unknown).await;
        assert!(matches!(none, Ok(Borrowed::No)));
    }

    #[tokio::test]
    async fn nothing_is_taken_of_who_does_not_promise_it_by_its_own_word() {
        let dir = tempfile::tempdir().expect("there is a place for it");
        let network = Network::new();
        // What it sends is what was asked for, and somebody else has signed that it has it.
        let lender = Node::of(&network, dir.path(), 1, 3);
        lender.has();
        let asks = Node::of(&network, dir.path(), 2, 2);
        let component = ComponentDigest::from_bytes(*Digest::of(&bytes()).as_bytes());
        let part = begun(&asks.store, &bytes()[..1_000]);
        let wanted = (component, CLUSTER);
        let none = borrow(&asks.transport, lender.peer(), wanted, part).await;
        assert_eq!(none, Ok(Borrowed::No));
        let left = asks.store.begin(Digest::of(&bytes()));
        assert_eq!(left.expect("nobody else does").offset(), 1_000);
    }

    #[tokio::test]
    async fn who_cannot_lend_names_those_to_whom_it_has_lent_last() {
        let dir = tempfile::tempdir().expect("there is a place for it");
        let lender = Node::of(&Network::new(), dir.path(), 1, 1).lending;
        let [component, other] = [1, 2].map(|its| ComponentDigest::from_bytes([its; 32]));
        let agent = |number: u16| {
            let mut bytes = [0; 32];
            bytes[..2].copy_from_slice(&number.to_le_bytes());
            AgentId::from_bytes(bytes)
        };
        lender.lends(other, agent(0));
        for number in [1, 2, 1] {
            lender.lends(component, agent(number));
        }
        assert_eq!(lender.lent_to(component), [agent(1), agent(2)]);
        for number in 0..2_000 {
            lender.lends(component, agent(number));
        }
        assert_eq!(lender.lent_to(component).len(), NAMED_MAX);
        assert_eq!(lender.lent_to(component)[0], agent(1_999));
        assert_eq!(lender.lent().len(), LENT_MAX);
        assert!(lender.lent_to(other).is_empty());
    }

    #[tokio::test]
    async fn many_get_it_where_the_first_lends_to_few_and_those_lend_it_on() {
        const NODES: u8 = 40;
        let dir = tempfile::tempdir().expect("there is a place for it");
        let network = Network::new();
        let nodes = (1..=NODES).map(|number| Node::of(&network, dir.path(), number, number));
        let nodes = Vec::from_iter(nodes);
        for node in &nodes {
            let others = nodes
                .iter()
                .map(Node::peer)
                .filter(|its| *its != node.peer());
            let others = others.map(|its| (agent(its.key), its));
            *node.knows.others.lock().expect("nobody panics") = others.collect();
        }
        let first = &nodes[0];
        first.has();
        let component = ComponentDigest::from_bytes(*Digest::of(&bytes()).as_bytes());
        let fetches = nodes[1..].iter().map(|node| {
            let likely = Likely::Node(agent(first.transport.key()));
            node.lending.components.fetch(component, likely)
        });
        // Once it has lent it, it lends no more than what is under way then.
        let lends_to_few = async {
            while first.lending.lent().is_empty() {
                tokio::task::yield_now().await;
            }
            let loans = u32::try_from(LOANS_MAX).expect("they are few");
            first.lending.loans.acquire_many(loans).await
        };
        let (fetched, _held) = tokio::join!(join_all(fetches), lends_to_few);
        for fetched in fetched {
            fetched.expect("somebody lends it");
        }
        let lent = nodes.iter().map(|node| node.lending.lent().len());
        let lent = Vec::from_iter(lent);
        assert!(lent.iter().sum::<usize>() >= usize::from(NODES) - 1);
        assert!(lent[0] <= 2 * LOANS_MAX, "{lent:?}");
    }
}

//! Giving components to other nodes, piece by piece, and taking copies when they ask for that.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures::stream;
use gary_promise::{AgentId, ComponentDigest};
use gary_store::Component;
use gary_transport::PeerKey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::api::Refusal;
use crate::components::Components;
use crate::gate::agent;

/// The most components that are given away at once. Whoever asks for one more asks somebody else, who may have it by then:
/// so a hundred nodes that want one do not all wait for the first.
const LOANS_MAX: usize = 8;

/// As much is read at once.
const PIECE_BYTES: usize = 256 << 10;

/// Gives components to other nodes.
pub(crate) struct Lending {
    components: Arc<Components>,
    loans: Arc<Semaphore>,
}

impl Lending {
    pub(crate) fn new(components: Arc<Components>) -> Self {
        Self {
            components,
            loans: Arc::new(Semaphore::new(LOANS_MAX)),
        }
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

/// A component from some offset on.
async fn lend(
    State((lending, _)): Asked,
    Path(digest): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let opened = lending.components.open(parsed(&digest)?).await;
    let opened =
        opened.map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let Some(component) = opened else {
        let why = format!("{digest} is not here");
        return Err(Refusal(StatusCode::NOT_FOUND, why));
    };
    let Ok(loan) = Arc::clone(&lending.loans).try_acquire_owned() else {
        return Ok((StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response());
    };
    let length = component.bytes();
    let offset = offset(&headers);
    if offset > 0 && offset >= length {
        return Ok(StatusCode::RANGE_NOT_SATISFIABLE.into_response());
    }
    let left = (CONTENT_LENGTH, (length - offset).to_string());
    let body = Body::from_stream(pieces(component, offset, loan));
    Ok(match offset {
        0 => (StatusCode::OK, [left], body).into_response(),
        _ => {
            let range = format!("bytes {offset}-{}/{length}", length - 1);
            let head = [left, (CONTENT_RANGE, range)];
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
    let fetched = lending.components.fetch(component, Some(asker)).await;
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

    use futures::future::BoxFuture;
    use gary_store::{Digest, Unfinished};
    use gary_transport::memory::Network;
    use gary_transport::{Doorkeeper, Event, Peer, Settings, Transport};
    use hyper_util::rt::TokioIo;
    use hyper_util::service::TowerToHyperService;
    use tokio::sync::mpsc;

    use super::*;
    use crate::borrowing::{Borrowed, borrow};
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

    /// A node that has one component, and who asks it for that.
    async fn lends(dir: &FilePath) -> (Arc<Lending>, Peer, Arc<dyn Transport>) {
        let network = Network::new();
        let bind = |key: u8| {
            let (at, key) = ((Ipv4Addr::LOCALHOST, 0).into(), PeerKey::new([key; 32]));
            let bound = network.bind(at, key, Settings::default(), Arc::new(Open));
            bound.expect("nobody else is there")
        };
        let (transport, mut heard) = bind(1);
        let (key, address) = (transport.key(), transport.local_address());
        let store = store(dir);
        let put = store.put(Digest::of(&bytes()), &bytes());
        put.expect("there is room");
        let (events, _) = mpsc::channel(1);
        let components = Components::new(store, Arc::clone(&transport), events);
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
        let (asks, _heard) = bind(2);
        (lending, Peer { key, address }, asks)
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
        let borrowed = borrow(&asks, from, component, wrong).await;
        assert!(matches!(borrowed, Ok(Borrowed::No)));
        let part = begun(&own, &bytes()[..700_000]);
        let borrowed = borrow(&asks, from, component, part).await;
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
        let borrowed = borrow(&asks, from, component, all).await;
        assert!(matches!(borrowed, Ok(Borrowed::Whole)));
    }

    #[tokio::test]
    async fn whoever_lends_to_many_already_says_so() {
        let dir = tempfile::tempdir().expect("there is a place for it");
        let (lending, from, asks) = lends(&dir.path().join("theirs")).await;
        let own = store(&dir.path().join("own"));
        let component = ComponentDigest::from_bytes(*Digest::of(&bytes()).as_bytes());
        let others = lending.loans.acquire_many(8).await;
        let later = borrow(&asks, from, component, begun(&own, &[])).await;
        assert!(matches!(later, Ok(Borrowed::Later)));
        drop(others);
        let whole = borrow(&asks, from, component, begun(&own, &[])).await;
        assert!(matches!(whole, Ok(Borrowed::Whole)));
        let other = ComponentDigest::from_bytes([7; 32]);
        let digest = Digest::new([7; 32]);
        let unknown = own.begin(digest).expect("nobody else does");
        let none = borrow(&asks, from, other, unknown).await;
        assert!(matches!(none, Ok(Borrowed::No)));
    }
}

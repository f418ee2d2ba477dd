//! Streams to other nodes that have carried a request, and are kept for the next.
//!
//! What opening a stream costs on both sides, and speaking HTTP on it anew, is a good part of what a small request costs that
//! is passed on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gary_transport::PeerKey;
use hyper::client::conn::http1::SendRequest;

use crate::peer_http::Body;

/// For how long one is kept that nobody uses. As long as it is open, its connection does not make room for another.
const KEPT_FOR: Duration = Duration::from_secs(2);

/// How often it is looked which of them were kept for that long.
const SWEPT_EVERY: Duration = Duration::from_millis(500);

/// The most that are kept to one node: an eighth of the requests that it takes at once.
const KEPT_MAX: usize = 32;

/// Streams that nobody uses just now.
#[derive(Default)]
pub(crate) struct Spare {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_peer: BTreeMap<PeerKey, Vec<Idle>>,
    /// Whether somebody lets go of what was kept for long.
    is_swept: bool,
}

struct Idle {
    since: Instant,
    stream: SendRequest<Body>,
}

impl Spare {
    /// One to this node, the one used last. It may end at any time, without that saying anything of the node.
    pub(crate) fn take(&self, peer: PeerKey) -> Option<SendRequest<Body>> {
        let mut kept = self.lock();
        let idle = kept.by_peer.get_mut(&peer)?;
        idle.retain(|its| !its.stream.is_closed());
        let last = idle.iter().rposition(|its| its.stream.is_ready())?;
        Some(idle.remove(last).stream)
    }

    /// Keeps one whose last answer was read to its end.
    ///
    /// # Panics
    /// Where there is no runtime of tokio.
    pub(crate) fn keep(self: &Arc<Self>, peer: PeerKey, stream: SendRequest<Body>) {
        if stream.is_closed() {
            return;
        }
        let mut kept = self.lock();
        let idle = kept.by_peer.entry(peer).or_default();
        if idle.len() >= KEPT_MAX {
            return;
        }
        let since = Instant::now();
        idle.push(Idle { since, stream });
        if !kept.is_swept {
            kept.is_swept = true;
            tokio::spawn(Arc::clone(self).sweep());
        }
    }

    /// Lets go of what was kept for long, until there is nothing more to let go of.
    async fn sweep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(SWEPT_EVERY).await;
            let mut kept = self.lock();
            kept.by_peer.retain(|_, idle| {
                idle.retain(|its| its.since.elapsed() < KEPT_FOR && !its.stream.is_closed());
                !idle.is_empty()
            });
            if kept.by_peer.is_empty() {
                kept.is_swept = false;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::{BodyExt, Empty};
    use hyper::body::Incoming;
    use hyper::client::conn::http1;
    use hyper::service::service_fn;
    use hyper::{Request, Response};
    use hyper_util::rt::TokioIo;

    use super::*;

    const PEER: PeerKey = PeerKey::new([7; 32]);

    /// A stream to somebody who answers with nothing.
    async fn stream() -> (SendRequest<Body>, tokio::task::JoinHandle<()>) {
        let (near, far) = tokio::io::duplex(1 << 10);
        let answers = service_fn(|_: Request<Incoming>| async {
            Ok::<_, std::convert::Infallible>(Response::new(Empty::<Bytes>::new()))
        });
        let served =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), answers);
        let served = tokio::spawn(async move { served.await.unwrap_or_default() });
        let (sender, connection) = http1::handshake(TokioIo::new(near))
            .await
            .expect("it opens");
        tokio::spawn(connection);
        (sender, served)
    }

    fn request() -> Request<Body> {
        Request::new(Empty::new().map_err(|never| match never {}).boxed_unsync())
    }

    #[tokio::test]
    async fn a_stream_carries_one_request_after_the_other() {
        let spare = Arc::new(Spare::default());
        let (mut sender, _served) = stream().await;
        for _ in 0..3 {
            sender.ready().await.expect("it is open");
            let answer = sender.send_request(request()).await.expect("it answers");
            answer.into_body().collect().await.expect("it ends");
            sender.ready().await.expect("it is open");
            spare.keep(PEER, sender);
            sender = spare.take(PEER).expect("it was kept");
            assert!(spare.take(PEER).is_none(), "only once");
        }
    }

    #[tokio::test]
    async fn what_has_ended_is_not_given_out() {
        let spare = Arc::new(Spare::default());
        let (mut sender, served) = stream().await;
        sender.ready().await.expect("it is open");
        spare.keep(PEER, sender);
        served.abort();
        let _ = served.await;
        while !spare.lock().by_peer[&PEER][0].stream.is_closed() {
            tokio::task::yield_now().await;
        }
        assert!(spare.take(PEER).is_none());
    }

    #[tokio::test]
    async fn what_nobody_uses_is_let_go_of() {
        let spare = Arc::new(Spare::default());
        let (mut sender, served) = stream().await;
        sender.ready().await.expect("it is open");
        spare.keep(PEER, sender);
        // Its side has ended only if this one has.
        served.await.expect("it ends");
        assert!(spare.take(PEER).is_none());
    }

    #[tokio::test]
    async fn few_are_kept() {
        let spare = Arc::new(Spare::default());
        let mut served = Vec::new();
        for _ in 0..=KEPT_MAX {
            let (mut sender, its) = stream().await;
            sender.ready().await.expect("it is open");
            spare.keep(PEER, sender);
            served.push(its);
        }
        assert_eq!(spare.lock().by_peer[&PEER].len(), KEPT_MAX);
    }
}

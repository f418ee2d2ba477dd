//! Requests that come from clients: what is not served here is passed on to a node that serves it.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use gary_host::http::{Directory, Passed, PassedBody, Site, UNANSWERED, Unanswered, passed};
use gary_promise::WorkloadName;
use gary_transport::{Lane, Peer, PeerKey, Transport};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::SendRequest;

use crate::lookout::{Lookout, Watched};
use crate::pauses::Pauses;
use crate::peer_http::{self, Kind};
use crate::replay::Replay;
use crate::servers::{Found, Servers};
use crate::sites::{Sites, nobody, own_name};
use crate::spare::Spare;

/// How long a client waits at most for what is deployed and does not run.
const STARTS_WITHIN: Duration = Duration::from_secs(2);

/// How long it is waited at most before it is looked again whether it does.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// How long a node has to take a request, before another is asked.
const TAKES_WITHIN: Duration = Duration::from_secs(1);

/// How often one request is sent, to one node after the other: mostly its time is over before.
const TRIES_MAX: usize = 256;

/// Requests that come from clients.
pub(crate) struct Ingress {
    pub(crate) sites: Arc<Sites>,
    pub(crate) servers: Arc<Servers>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) lookout: Arc<Lookout>,
    pub(crate) spare: Arc<Spare>,
}

/// A request on its way to a node that answers it.
struct Passing<'a> {
    ingress: &'a Ingress,
    host: &'a str,
    head: Parts,
    body: Replay,
    /// Who was lost when it was sent there.
    lost: BTreeSet<PeerKey>,
    /// How often it was sent.
    tries: usize,
    /// What became of that, the last time.
    why: Option<Unanswered>,
}

/// What has become of a request at one node.
enum Tried {
    Answered(Response<Incoming>, SendRequest<peer_http::Body>),
    /// The node does not run it, or not any more, and may do so again.
    Elsewhere(Unanswered),
    /// The node is lost. No guest can have seen it.
    Untouched(Unanswered),
    /// The node is lost. It may have been carried out, or half of it.
    Unclear(Unanswered),
}

impl Directory for Ingress {
    fn here(&self, host: &str) -> Option<Arc<Site>> {
        let (name, site) = self.sites.find(host)?;
        // Of several workloads that want a route one has it, wherever it is asked for.
        let is_others = |its: WorkloadName| its != name;
        match own_name(host).is_none() && self.servers.owner(host).is_some_and(is_others) {
            true => None,
            false => Some(site),
        }
    }

    fn elsewhere(
        &self,
        host: String,
        request: Request<Incoming>,
    ) -> BoxFuture<'_, Result<Passed, Unanswered>> {
        async move { self.pass_on(&host, request).await }.boxed()
    }
}

impl Ingress {
    async fn pass_on(&self, host: &str, request: Request<Incoming>) -> Result<Passed, Unanswered> {
        let Some(peers) = self.running(host).await? else {
            return Ok(Passed::Here(request));
        };
        let (head, body) = request.into_parts();
        let passing = Passing {
            ingress: self,
            host,
            head,
            body: Replay::new(body),
            lost: BTreeSet::new(),
            tries: 0,
            why: None,
        };
        passing.pass_on(peers).await
    }

    /// The other nodes that run what a host is; none of them if this one does by now. What is deployed and does not run
    /// yet, or is just about to run elsewhere, is waited for.
    async fn running(&self, host: &str) -> Result<Option<Vec<Peer>>, Unanswered> {
        let until = Instant::now() + STARTS_WITHIN;
        let mut pauses = Pauses::up_to(LOOKS_EVERY);
        loop {
            let peers = self.servers(self.servers.find(host).await, host)?;
            if !peers.is_empty() {
                return Ok(Some(peers));
            }
            if self.here(host).is_some() {
                return Ok(None);
            }
            if Instant::now() > until {
                let why = format!("{host} is deployed, and no node is known to run it now");
                return Err(Unanswered(StatusCode::SERVICE_UNAVAILABLE, why));
            }
            match self.sites.is_awaited(host) {
                true => tokio::select! {
                    () = pauses.pause() => {}
                    () = self.sites.settled(host) => {}
                },
                false => pauses.pause().await,
            }
        }
    }

    fn servers(&self, found: Found, host: &str) -> Result<Vec<Peer>, Unanswered> {
        match found {
            Found::Served { by, .. } => Ok(by),
            Found::Nobody => Err(nobody(host)),
            Found::Busy => {
                let why = "too many hosts are asked for at once".to_owned();
                Err(Unanswered(StatusCode::SERVICE_UNAVAILABLE, why))
            }
        }
    }
}

impl Passing<'_> {
    /// Sends it to one node after the other until one answers, or it may have been carried out and must not be twice.
    async fn pass_on(mut self, peers: Vec<Peer>) -> Result<Passed, Unanswered> {
        if let Some(response) = self.try_all(peers).await? {
            return Ok(Passed::Answered(response));
        }
        // What was known was not so any more: what runs has moved, or is about to.
        let until = Instant::now() + STARTS_WITHIN;
        let mut pauses = Pauses::up_to(LOOKS_EVERY);
        loop {
            let found = self.ingress.servers.find_anew(self.host).await;
            let peers = self.ingress.servers(found, self.host)?;
            if let Some(response) = self.try_all(peers).await? {
                return Ok(Passed::Answered(response));
            }
            if self.ingress.here(self.host).is_some()
                && let Some(body) = self.body.take_back()
            {
                return Ok(Passed::Here(Request::from_parts(self.head, body)));
            }
            if self.tries >= TRIES_MAX || Instant::now() > until {
                break;
            }
            pauses.pause().await;
        }
        Err(self.why.unwrap_or_else(|| {
            let why = format!("no node that serves {} answers", self.host);
            Unanswered(StatusCode::BAD_GATEWAY, why)
        }))
    }

    async fn try_all(
        &mut self,
        mut peers: Vec<Peer>,
    ) -> Result<Option<Response<PassedBody>>, Unanswered> {
        // Each in turn would need a count for each host; at random is as fair.
        fastrand::shuffle(&mut peers);
        for peer in peers {
            if self.tries >= TRIES_MAX || self.lost.contains(&peer.key) {
                continue;
            }
            self.tries += 1;
            let watched = self.ingress.lookout.watch(peer.key);
            match self.try_one(peer).await {
                Tried::Answered(response, stream) => {
                    let used = (Arc::clone(&self.ingress.spare), peer.key, stream);
                    return Ok(Some(watching(response, used, watched)));
                }
                Tried::Elsewhere(why) => self.why = Some(why),
                Tried::Untouched(why) => self.lose(peer.key, why),
                Tried::Unclear(why) if self.may_be_repeated() => self.lose(peer.key, why),
                Tried::Unclear(why) => return Err(why),
            }
        }
        Ok(None)
    }

    /// It is sent there no more, and who serves the host is asked anew.
    fn lose(&mut self, peer: PeerKey, why: Unanswered) {
        self.ingress.servers.forget(self.host, peer);
        self.lost.insert(peer);
        self.why = Some(why);
    }

    /// Whether it does no harm to carry it out twice, and there is nothing to send anew.
    fn may_be_repeated(&self) -> bool {
        self.head.method.is_idempotent() && self.body.is_empty()
    }

    async fn try_one(&self, peer: Peer) -> Tried {
        // A stream that was used before may end just now, when nobody can tell whether a request on it was carried out.
        if self.may_be_repeated()
            && let Some(stream) = self.ingress.spare.take(peer.key)
        {
            return match self.send(stream).await {
                // Its node is gone, or only this stream: others come first, and it is asked again if its keepers still name it.
                Tried::Untouched(why) | Tried::Unclear(why) => {
                    self.ingress.servers.forget(self.host, peer.key);
                    Tried::Elsewhere(why)
                }
                tried => tried,
            };
        }
        // Who does not read what it asked for must not hold up what agents say to one another.
        let open = peer_http::open(&self.ingress.transport, peer, Lane::Bulk, Kind::Site);
        match tokio::time::timeout(TAKES_WITHIN, open).await {
            Ok(Ok(stream)) => self.send(stream).await,
            Ok(Err(error)) => Tried::Untouched(self.failed(&error)),
            Err(_) => Tried::Untouched(self.failed(&"no answer")),
        }
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> Unanswered {
        let why = format!("a node that serves {} is lost: {why}", self.host);
        Unanswered(StatusCode::BAD_GATEWAY, why)
    }

    async fn send(&self, mut stream: SendRequest<peer_http::Body>) -> Tried {
        let Some(body) = self.body.send() else {
            return Tried::Unclear(
                self.failed(&"too much of the request was sent to send it again"),
            );
        };
        let body = body.map_err(Into::into).boxed_unsync();
        let request = Request::from_parts(self.head.clone(), body);
        match stream.try_send_request(request).await {
            Ok(response) if response.headers().contains_key(UNANSWERED) => {
                let why = format!(
                    "{} is not served now by the nodes that were asked",
                    self.host
                );
                Tried::Elsewhere(Unanswered(StatusCode::SERVICE_UNAVAILABLE, why))
            }
            Ok(response) => Tried::Answered(response, stream),
            Err(mut error) => match error.take_message() {
                Some(_unsent) => Tried::Untouched(self.failed(error.error())),
                None => Tried::Unclear(self.failed(error.error())),
            },
        }
    }
}

/// The answer of a node, which breaks off when that node is lost.
fn watching(response: Response<Incoming>, used: Used, watched: Watched) -> Response<PassedBody> {
    passed(response).map(|body| {
        Watching {
            body,
            has_ended: false,
            used: Some(used),
            _watched: watched,
        }
        .boxed_unsync()
    })
}

/// The stream that an answer comes by, which can be used again after it.
type Used = (Arc<Spare>, PeerKey, SendRequest<peer_http::Body>);

/// A body of whose node it is known that somebody waits for it.
struct Watching {
    body: PassedBody,
    has_ended: bool,
    used: Option<Used>,
    _watched: Watched,
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some((spare, peer, stream)) = self.used.take()
            && (self.has_ended || self.body.is_end_stream())
        {
            spare.keep(peer, stream);
        }
    }
}

impl Body for Watching {
    type Data = <PassedBody as Body>::Data;
    type Error = <PassedBody as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.has_ended = frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! What several nodes tell line by line, as one: what there is already in the order of its times, and then what comes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, BoxStream, StreamExt};
use gary_transport::{Lane, Peer};
use http::header;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::access::Api;
use super::line::Timed;
use crate::clock::Clock;
use crate::lines::Lines;

/// How long a node has to tell what there is already.
const TELLS_WITHIN: Duration = Duration::from_secs(5);

/// The most lines of what there is already that are taken from another node.
const PAST_LINES_MAX: usize = 200_000;

/// Lines that wait for somebody who reads. Beyond, those wait who would tell more.
const WAITING_MAX: usize = 256;

/// How often it is looked whether there are others to be heard.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// What one node tells.
pub(super) struct Source<T> {
    pub(super) past: Vec<T>,
    /// Nothing comes where nobody wants to wait for it.
    pub(super) coming: BoxStream<'static, T>,
}

/// What this node tells another: an empty line parts what there is from what comes.
pub(super) fn told_to_peer<T: Timed + Serialize + Send + 'static>(source: Source<T>) -> Response {
    let past = stream::iter(source.past).map(|line| text(&line));
    let border = stream::once(std::future::ready(Bytes::from_static(b"\n")));
    let coming = source.coming.map(|line| text(&line));
    respond(past.chain(border).chain(coming).boxed())
}

fn text(line: &impl Serialize) -> Bytes {
    // Each is of plain fields, which can always be written.
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}

fn respond(lines: BoxStream<'static, Bytes>) -> Response {
    let body = Body::from_stream(lines.map(Ok::<_, Infallible>));
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    (kind, body).into_response()
}

impl Api {
    /// What another node tells.
    async fn source<T: Timed + DeserializeOwned + Send + 'static>(
        &self,
        peer: Peer,
        path: &str,
    ) -> Option<Source<T>> {
        let response = self.open(peer, Lane::Bulk, path).await?;
        let mut lines = Lines::of(response.into_body());
        let past = async {
            let mut past = Vec::new();
            while let Ok(Some(line)) = lines.next().await
                && !line.is_empty()
                && past.len() < PAST_LINES_MAX
            {
                past.extend(serde_json::from_slice(&line).ok());
            }
            past
        };
        let past = tokio::time::timeout(TELLS_WITHIN, past).await.ok()?;
        let coming = stream::unfold(lines, |mut lines| async {
            loop {
                // Of one that breaks off no more is heard, until it is asked again.
                let line = lines.next().await.ok()??;
                if let Ok(line) = serde_json::from_slice(&line) {
                    return Some((line, lines));
                }
            }
        });
        Some(Source {
            past,
            coming: coming.boxed(),
        })
    }
}

/// Whom to hear, at one moment.
pub(super) type Peers = futures::future::BoxFuture<'static, Vec<Peer>>;

/// What this node tells and these others do, as one, for somebody who may want to go on hearing what comes, of others too
/// that come to have something to tell.
pub(super) async fn told_as_one<T: Timed + Serialize + DeserializeOwned + Send + 'static>(
    api: Arc<Api>,
    own: Source<T>,
    path: impl Fn(u64) -> String + Send + 'static,
    follows: bool,
    peers: impl Fn(Arc<Api>) -> Peers + Send + 'static,
) -> Response {
    let begins_ms = Clock::wall().0;
    let asked = peers(Arc::clone(&api)).await;
    let all = path(0);
    let sources = asked.iter().map(|peer| api.source::<T>(*peer, &all));
    let sources = futures::future::join_all(sources).await;
    let mut past = own.past;
    let mut coming = vec![(None, own.coming)];
    for (peer, source) in asked.iter().zip(sources) {
        if let Some(source) = source {
            past.extend(source.past);
            coming.push((Some(*peer), source.coming));
        }
    }
    past.sort_by_key(Timed::at_ms);
    let past = stream::iter(past).map(|line| text(&line));
    if !follows {
        return respond(past.boxed());
    }
    let (tell, told) = mpsc::channel(WAITING_MAX);
    let heard = Heard::from(begins_ms);
    for (peer, coming) in coming {
        heard.hear(peer, coming, tell.clone());
    }
    tokio::spawn(async move {
        let mut every = tokio::time::interval(LOOKS_EVERY);
        loop {
            tokio::select! {
                () = tell.closed() => return,
                _ = every.tick() => {}
            }
            for peer in peers(Arc::clone(&api)).await {
                let Some(last_ms) = heard.misses(&peer) else {
                    continue;
                };
                if let Some(source) = api.source::<T>(peer, &path(last_ms + 1)).await {
                    let all = stream::iter(source.past).chain(source.coming);
                    heard.hear(Some(peer), all.boxed(), tell.clone());
                }
            }
        }
    });
    let coming = stream::unfold(told, |mut told| async { Some((told.recv().await?, told)) });
    respond(past.chain(coming).boxed())
}

/// Who is heard, and up to when others were.
#[derive(Clone)]
struct Heard {
    begins_ms: u64,
    by_key: Arc<Mutex<BTreeMap<[u8; 32], Hearing>>>,
}

struct Hearing {
    goes_on: bool,
    last_ms: u64,
}

impl Heard {
    fn from(begins_ms: u64) -> Self {
        Self {
            begins_ms,
            by_key: Arc::default(),
        }
    }

    /// Since when somebody is not heard, if they are not.
    fn misses(&self, peer: &Peer) -> Option<u64> {
        match self.lock().get(peer.key.as_bytes()) {
            None => Some(self.begins_ms),
            Some(known) => (!known.goes_on).then_some(known.last_ms),
        }
    }

    /// Passes on what somebody tells, for as long as they do and somebody listens.
    fn hear<T: Timed + Serialize + Send + 'static>(
        &self,
        peer: Option<Peer>,
        mut coming: BoxStream<'static, T>,
        tell: mpsc::Sender<Bytes>,
    ) {
        let key = peer.map(|peer| *peer.key.as_bytes());
        let known = key.and_then(|key| self.lock().get(&key).map(|its| its.last_ms));
        let mut last_ms = known.unwrap_or(self.begins_ms);
        self.note(key, true, last_ms);
        let heard = self.clone();
        tokio::spawn(async move {
            loop {
                let line = tokio::select! {
                    () = tell.closed() => break,
                    line = coming.next() => line,
                };
                let Some(line) = line else { break };
                last_ms = last_ms.max(line.at_ms());
                if tell.send(text(&line)).await.is_err() {
                    break;
                }
            }
            heard.note(key, false, last_ms);
        });
    }

    fn note(&self, key: Option<[u8; 32]>, goes_on: bool, last_ms: u64) {
        if let Some(key) = key {
            self.lock().insert(key, Hearing { goes_on, last_ms });
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], Hearing>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

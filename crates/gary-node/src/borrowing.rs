//! Getting a component from another node, piece by piece.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use gary_host::ARTIFACT_BYTES_MAX;
use gary_promise::{AgentId, ClusterId, ComponentDigest};
use gary_store::{Unfinished, WriteError};
use gary_transport::{Lane, Peer, Transport};
use http::header::{HOST, RANGE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use tokio::task::spawn_blocking;

use crate::gate::agent;
use crate::having;
use crate::peer_http::{self, Body, Kind};

/// As much is written at once.
const PIECE_BYTES: usize = 256 << 10;

/// How long a node may take to begin, and between any two pieces. What it has sent until then is kept.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The fewest bytes a second that a node may send once it has had that long, taken over all that it sends. Whoever is slower
/// than any network is would keep a component from coming from others.
const PACE_BYTES_MIN: u64 = 16 << 10;

/// How long another node may take over a copy.
const COPIES_WITHIN: Duration = Duration::from_secs(15);

/// The longest list that is taken of those whom a node lends to, in bytes.
const LENT_BYTES_MAX: usize = 8 << 10;

/// What has become of a component at one node.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Borrowed {
    /// It is here now as a whole.
    Whole,
    /// It lends to too many others just now: to these of late, who can be asked instead.
    Later(Vec<AgentId>),
    /// It does not have it, does not promise it, or has broken off. What came of it until then is kept.
    No,
}

/// Goes on with a component where it was left off, from a node that may have it: not a byte is taken of who does not
/// promise it by a word of its own.
///
/// # Errors
/// When it cannot be kept here, whoever it comes from.
pub(crate) async fn borrow(
    transport: &Arc<dyn Transport>,
    from: Peer,
    (component, cluster): (ComponentDigest, ClusterId),
    unfinished: Unfinished,
) -> Result<Borrowed, String> {
    let offset = unfinished.offset();
    let mut request = request(Method::GET, &format!("/v1/components/{component}"));
    if offset > 0 {
        let range = format!("bytes={offset}-").parse();
        request
            .headers_mut()
            .insert(RANGE, range.expect("a number is a header"));
    }
    let sent = peer_http::send(transport, from, Lane::Bulk, Kind::Api, request);
    let response = match tokio::time::timeout(PAUSE_MAX, sent).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            tracing::debug!(peer = %from.key, %error, "no component");
            return Ok(Borrowed::No);
        }
        Err(_) => return Ok(Borrowed::No),
    };
    match response.status() {
        StatusCode::SERVICE_UNAVAILABLE => return Ok(Borrowed::Later(lent(response).await)),
        StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {}
        _ => return Ok(Borrowed::No),
    }
    if let Err(why) = having::check(response.headers(), agent(from.key), component, cluster) {
        tracing::warn!(peer = %from.key, %component, %why, "a component is not taken");
        return Ok(Borrowed::No);
    }
    match response.status() {
        StatusCode::OK if offset == 0 => take(response, unfinished).await,
        StatusCode::PARTIAL_CONTENT if offset > 0 => take(response, unfinished).await,
        // There is no more of it than there is here.
        StatusCode::RANGE_NOT_SATISFIABLE if offset > 0 => finish(unfinished).await,
        _ => Ok(Borrowed::No),
    }
}

/// To whom a node lends it, by its word, for which nothing is taken: who is named is asked, and promises for itself.
async fn lent(response: Response<Incoming>) -> Vec<AgentId> {
    let body = Limited::new(response.into_body(), LENT_BYTES_MAX).collect();
    let Ok(Ok(body)) = tokio::time::timeout(PAUSE_MAX, body).await else {
        return Vec::new();
    };
    let named: Vec<String> = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
    named.iter().filter_map(|its| its.parse().ok()).collect()
}

async fn take(response: Response<Incoming>, unfinished: Unfinished) -> Result<Borrowed, String> {
    let (mut body, mut unfinished) = (response.into_body(), unfinished);
    let mut piece = BytesMut::new();
    let (begun, mut came) = (Instant::now(), 0);
    loop {
        let Ok(frame) = tokio::time::timeout(PAUSE_MAX, body.frame()).await else {
            break;
        };
        match frame {
            Some(Ok(frame)) => {
                let data = frame.into_data().unwrap_or_default();
                let bytes = unfinished.offset() + (piece.len() + data.len()) as u64;
                if bytes > ARTIFACT_BYTES_MAX {
                    return Ok(Borrowed::No);
                }
                came += data.len() as u64;
                if is_slow(came, begun.elapsed()) {
                    break;
                }
                piece.extend_from_slice(&data);
                if piece.len() >= PIECE_BYTES {
                    unfinished = append(unfinished, piece.split().freeze()).await?;
                }
            }
            None => {
                let unfinished = append(unfinished, piece.freeze()).await?;
                return finish(unfinished).await;
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "a component broke off");
                break;
            }
        }
    }
    append(unfinished, piece.freeze()).await?;
    Ok(Borrowed::No)
}

/// Whether somebody who has sent so many bytes in so long is too slow to be waited for.
fn is_slow(came: u64, within: Duration) -> bool {
    within > PAUSE_MAX && came < within.as_secs() * PACE_BYTES_MIN
}

async fn append(unfinished: Unfinished, piece: Bytes) -> Result<Unfinished, String> {
    let appended = spawn_blocking(move || {
        let mut unfinished = unfinished;
        unfinished.append(&piece).map(|()| unfinished)
    });
    let appended = appended.await.map_err(|error| error.to_string())?;
    appended.map_err(|error| error.to_string())
}

async fn finish(unfinished: Unfinished) -> Result<Borrowed, String> {
    let finished = spawn_blocking(move || unfinished.finish()).await;
    match finished.map_err(|error| error.to_string())? {
        Ok(()) => Ok(Borrowed::Whole),
        // One of those who sent pieces of it sent something else. It is begun anew.
        Err(WriteError::Wrong { digest, found }) => {
            tracing::warn!(%digest, %found, "what came for a component was not it");
            Ok(Borrowed::No)
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Asks another node to take a copy of a component from this one. Says whether it has one now.
pub(crate) async fn ask_for_copy(
    transport: &Arc<dyn Transport>,
    to: Peer,
    component: ComponentDigest,
) -> bool {
    let request = request(Method::POST, &format!("/v1/components/{component}/copies"));
    let sent = peer_http::send(transport, to, Lane::Bulk, Kind::Api, request);
    match tokio::time::timeout(COPIES_WITHIN, sent).await {
        Ok(Ok(response)) => response.status() == StatusCode::NO_CONTENT,
        Ok(Err(error)) => {
            tracing::debug!(peer = %to.key, %error, "no copy");
            false
        }
        Err(_) => false,
    }
}

fn request(method: Method, path: &str) -> Request<Body> {
    let empty = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let mut request = Request::new(empty);
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().expect("a digest is part of a path");
    request
        .headers_mut()
        .insert(HOST, "peer".parse().expect("a word is a header"));
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_a_byte_now_and_then_is_not_waited_for() {
        let seconds = Duration::from_secs;
        assert!(!is_slow(1, seconds(5)), "it has just begun");
        assert!(is_slow(3, seconds(12)));
        assert!(!is_slow(12 * PACE_BYTES_MIN, seconds(12)));
        assert!(is_slow(12 * PACE_BYTES_MIN, seconds(13)));
    }
}

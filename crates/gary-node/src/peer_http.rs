//! HTTP with another node, over a stream of its own.

use std::sync::Arc;

use gary_transport::{Lane, Peer, Stream, Transport};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, join};

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// To ask the node something: the API that there is for other nodes.
    Api = 1,
    /// A request for what it serves.
    Site = 2,
    /// To be admitted.
    Join = 3,
    /// What a person asks who was admitted: the API that there is for people.
    Person = 4,
}

/// A body of a request to another node.
pub(crate) type Body = UnsyncBoxBody<bytes::Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// Another node did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PeerError {
    #[error("it cannot be reached: {0}")]
    Open(#[from] gary_transport::OpenError),
    #[error("the connection to it broke: {0}")]
    Http(#[from] hyper::Error),
}

impl Kind {
    pub(crate) const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Api),
            2 => Some(Self::Site),
            3 => Some(Self::Join),
            4 => Some(Self::Person),
            _ => None,
        }
    }
}

/// Sends a request to another node, and gives its answer, whose body is still on its way.
pub(crate) async fn send(
    transport: &Arc<dyn Transport>,
    to: Peer,
    lane: Lane,
    kind: Kind,
    request: http::Request<Body>,
) -> Result<http::Response<Incoming>, PeerError> {
    let mut sender = open(transport, to, lane, kind).await?;
    Ok(sender.send_request(request).await?)
}

/// Opens a stream to another node, for one request after the other.
pub(crate) async fn open(
    transport: &Arc<dyn Transport>,
    to: Peer,
    lane: Lane,
    kind: Kind,
) -> Result<http1::SendRequest<Body>, PeerError> {
    let stream = transport.open(to, lane, kind as u8).await?;
    let (sender, connection) = http1::handshake(TokioIo::new(both_ways(stream))).await?;
    // Ends once the answer is read, or nobody wants it any more.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to another node broke");
        }
    });
    Ok(sender)
}

/// Both halves of a stream as one.
pub(crate) fn both_ways(stream: Stream) -> impl AsyncRead + AsyncWrite + Send + Unpin + 'static {
    join(stream.recv, stream.send)
}

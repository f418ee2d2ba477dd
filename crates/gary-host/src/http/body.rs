//! The bodies of requests, held to a size and a pace, and of the replies that Gary makes itself.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error;

use super::exchange::GuestBody;

/// Time a client may take over nothing while it sends a body.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Bytes a second that it has to send on the whole, beyond that: a trickle is a pause, too.
const PACE_BYTES_MIN: u64 = 1024;

/// A request's body, which fails past `left_bytes` or when its client pauses for too long.
pub(crate) struct RequestBody {
    incoming: Incoming,
    left_bytes: u64,
    too_large: TooLarge,
    started: Instant,
    received_bytes: u64,
    pause: Option<Pin<Box<Sleep>>>,
}

/// Set once a body turned out larger than it may be.
#[derive(Clone, Default)]
pub(crate) struct TooLarge(Arc<AtomicBool>);

impl TooLarge {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Relaxed)
    }
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, bytes_max: u64, too_large: TooLarge) -> Self {
        Self {
            incoming,
            left_bytes: bytes_max,
            too_large,
            started: Instant::now(),
            received_bytes: 0,
            pause: None,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut this.incoming).poll_frame(cx) else {
            let earned = Duration::from_secs(this.received_bytes / PACE_BYTES_MIN);
            let until = this.started + PAUSE_MAX + earned;
            let pause = this
                .pause
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
            ready!(pause.as_mut().poll(cx));
            return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
        };
        this.pause = None;
        let Some(frame) = frame else {
            return Poll::Ready(None);
        };
        let frame = frame?;
        let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
        let Some(left) = this.left_bytes.checked_sub(bytes) else {
            this.too_large.0.store(true, Relaxed);
            return Poll::Ready(Some(Err(Error::HttpRequestBodySize(None))));
        };
        this.left_bytes = left;
        this.received_bytes += bytes;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// A response's body: the guest's, or a few words of Gary's own.
pub(crate) enum ReplyBody {
    Guest(Box<GuestBody>),
    Words(Full<Bytes>),
    /// What another has answered.
    Passed(UnsyncBoxBody<Bytes, Error>),
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.get_mut() {
            Self::Guest(body) => Pin::new(body.as_mut()).poll_frame(cx),
            Self::Words(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Self::Passed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Guest(body) => body.is_end_stream(),
            Self::Words(body) => body.is_end_stream(),
            Self::Passed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Guest(body) => body.size_hint(),
            Self::Words(body) => body.size_hint(),
            Self::Passed(body) => body.size_hint(),
        }
    }
}

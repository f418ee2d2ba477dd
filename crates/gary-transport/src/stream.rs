//! Streams, whatever carries them.

use std::any::Any;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::bucket::Bucket;
use crate::limited::Limited;

/// A stream both ways.
#[derive(Debug)]
pub struct Stream {
    /// What goes to the peer.
    pub send: SendStream,
    /// What comes from the peer.
    pub recv: RecvStream,
}

/// The sending half of a stream.
///
/// To shut it down says that all was sent. To let go of it before says that something is missing, and
/// the reader gets an error in the place of the end.
pub struct SendStream {
    inner: Box<dyn SendHalf>,
    is_finished: bool,
    _used: Option<Used>,
}

/// The receiving half of a stream. To let go of it before its end stops the sender.
pub struct RecvStream {
    inner: Box<dyn AsyncRead + Send + Unpin>,
    _used: Option<Used>,
}

/// What a carrier gives to send on.
pub trait SendHalf: AsyncWrite + Send + Unpin {
    /// Breaks off: the reader gets an error.
    fn reset(&mut self);
}

/// Marks something as in use for as long as it lives.
pub(crate) type Used = Arc<dyn Any + Send + Sync>;

impl Stream {
    /// The same, with each half at the rate of its bucket where there is one.
    pub(crate) fn limited(self, send: Option<&Arc<Bucket>>, recv: Option<&Arc<Bucket>>) -> Self {
        let Self {
            send: sender,
            recv: receiver,
        } = self;
        Self {
            send: match send {
                Some(bucket) => SendStream::new(Limited::new(sender, Arc::clone(bucket))),
                None => sender,
            },
            recv: match recv {
                Some(bucket) => RecvStream::new(Limited::new(receiver, Arc::clone(bucket))),
                None => receiver,
            },
        }
    }
}

impl SendStream {
    /// A stream that goes into `inner`.
    pub fn new(inner: impl SendHalf + 'static) -> Self {
        Self {
            inner: Box::new(inner),
            is_finished: false,
            _used: None,
        }
    }

    pub(crate) fn using(mut self, used: Used) -> Self {
        self._used = Some(used);
        self
    }
}

impl RecvStream {
    /// A stream that comes out of `inner`.
    pub fn new(inner: impl AsyncRead + Send + Unpin + 'static) -> Self {
        Self {
            inner: Box::new(inner),
            _used: None,
        }
    }

    pub(crate) fn using(mut self, used: Used) -> Self {
        self._used = Some(used);
        self
    }
}

impl SendHalf for SendStream {
    fn reset(&mut self) {
        self.is_finished = true;
        self.inner.reset();
    }
}

impl Drop for SendStream {
    fn drop(&mut self) {
        if !self.is_finished {
            self.inner.reset();
        }
    }
}

impl AsyncWrite for SendStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
        self.is_finished = true;
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for RecvStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl fmt::Debug for SendStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendStream").finish_non_exhaustive()
    }
}

impl fmt::Debug for RecvStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvStream").finish_non_exhaustive()
    }
}

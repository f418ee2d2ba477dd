//! Half a stream in memory.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::connection::Closed;
use crate::stream::Used;
use crate::{RecvStream, SendHalf, SendStream};

/// What goes in.
struct PipeIn {
    /// None once it was broken off.
    bytes: Option<DuplexStream>,
    is_whole: Arc<AtomicBool>,
    closed: Closed,
    _used: Used,
}

/// What comes out.
struct PipeOut {
    bytes: DuplexStream,
    is_whole: Arc<AtomicBool>,
    closed: Closed,
    _used: Used,
}

/// A pipe that holds so many bytes, until `closed`. Both ends keep `used` in use.
pub(super) fn pipe(bytes_max: usize, closed: &Closed, used: &Used) -> (SendStream, RecvStream) {
    let (near, far) = tokio::io::duplex(bytes_max.max(1));
    let is_whole = Arc::new(AtomicBool::new(false));
    let pipe_in = PipeIn {
        bytes: Some(near),
        is_whole: Arc::clone(&is_whole),
        closed: closed.clone(),
        _used: Arc::clone(used),
    };
    let pipe_out = PipeOut {
        bytes: far,
        is_whole,
        closed: closed.clone(),
        _used: Arc::clone(used),
    };
    (SendStream::new(pipe_in), RecvStream::new(pipe_out))
}

fn check(closed: &mut Closed, cx: &mut Context<'_>) -> io::Result<()> {
    if closed.poll_unpin(cx).is_ready() {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    Ok(())
}

impl PipeIn {
    fn bytes(&mut self) -> io::Result<Pin<&mut DuplexStream>> {
        let bytes = self.bytes.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Pin::new(bytes))
    }
}

impl SendHalf for PipeIn {
    fn reset(&mut self) {
        self.bytes = None;
    }
}

impl AsyncWrite for PipeIn {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        check(&mut self.closed, cx)?;
        self.bytes()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.bytes()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        check(&mut self.closed, cx)?;
        self.is_whole.store(true, Ordering::Release);
        self.bytes()?.poll_shutdown(cx)
    }
}

impl AsyncRead for PipeOut {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        check(&mut self.closed, cx)?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.bytes).poll_read(cx, buffer))?;
        let is_end = buffer.filled().len() == before && buffer.remaining() > 0;
        if is_end && !self.is_whole.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Poll::Ready(Ok(()))
    }
}

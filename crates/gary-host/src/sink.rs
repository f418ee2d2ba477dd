//! Standard output of guests that goes to whoever has them run, instead of this process's own streams.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Bytes that a guest may write at once; it is asked again for more.
const CHUNK_BYTES_MAX: usize = 64 << 10;

/// One of a guest's two streams of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandardStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Takes what a guest writes.
pub trait OutputSink: Send + Sync {
    /// Takes some of it. Called where the guest runs, by several instances at once: it must not wait, and what it does about
    /// a guest that writes without end is its own decision.
    fn written(&self, stream: StandardStream, bytes: &[u8]);
}

/// One stream of a guest, to a sink.
#[derive(Clone)]
pub(crate) struct ToSink {
    pub(crate) stream: StandardStream,
    pub(crate) sink: Arc<dyn OutputSink>,
}

impl IsTerminal for ToSink {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for ToSink {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for ToSink {
    async fn ready(&mut self) {}
}

impl OutputStream for ToSink {
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK_BYTES_MAX)
    }

    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.sink.written(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }
}

impl AsyncWrite for ToSink {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.sink.written(self.stream, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

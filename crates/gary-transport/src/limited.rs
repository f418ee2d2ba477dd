//! Streams that share a rate.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::bucket::Bucket;
use crate::stream::SendHalf;

/// Half a stream that passes no more bytes than its bucket, which others share, has.
pub(crate) struct Limited<S> {
    inner: S,
    bucket: Arc<Bucket>,
    refill: Option<Pin<Box<Sleep>>>,
}

impl<S> Limited<S> {
    pub(crate) fn new(inner: S, bucket: Arc<Bucket>) -> Self {
        Self {
            inner,
            bucket,
            refill: None,
        }
    }

    /// Takes up to `wanted` bytes out of the bucket as soon as there are some.
    fn poll_take(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<usize> {
        loop {
            if let Some(refill) = &mut self.refill {
                ready!(refill.as_mut().poll(cx));
                self.refill = None;
            }
            match self.bucket.take(Instant::now().into_std(), wanted) {
                Ok(bytes) => return Poll::Ready(bytes),
                Err(wait) => self.refill = Some(Box::pin(tokio::time::sleep(wait))),
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Limited<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = ready!(self.poll_take(cx, bytes.len()));
        let written = Pin::new(&mut self.inner).poll_write(cx, &bytes[..taken]);
        let passed = match written {
            Poll::Ready(Ok(passed)) => passed,
            _ => 0,
        };
        self.bucket.give_back(taken - passed);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<S: SendHalf> SendHalf for Limited<S> {
    fn reset(&mut self) {
        self.inner.reset();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Limited<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let taken = ready!(self.poll_take(cx, buffer.remaining()));
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(taken));
        let read = Pin::new(&mut self.inner).poll_read(cx, &mut part);
        let passed = part.filled().len();
        buffer.advance(passed);
        self.bucket.give_back(taken - passed);
        read
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn bucket() -> Arc<Bucket> {
        let rate = NonZeroU64::new(100_000).unwrap();
        Arc::new(Bucket::new(rate, Instant::now().into_std()))
    }

    /// The clock of these tests stands still but for when everybody waits for it, so what is measured
    /// is exact.
    fn is_at_the_rate(elapsed: Duration) -> bool {
        (9.8..10.2).contains(&elapsed.as_secs_f64())
    }

    #[tokio::test(start_paused = true)]
    async fn writers_that_share_a_bucket_share_its_rate() {
        let began = Instant::now();
        let bucket = bucket();
        let writers = [0_u8, 1].map(|byte| {
            let bucket = Arc::clone(&bucket);
            async move {
                let mut writer = Limited::new(Vec::new(), bucket);
                writer.write_all(&vec![byte; 500_000]).await.unwrap();
                writer.inner
            }
        });
        let written = futures::future::join_all(writers).await;
        assert_eq!(written, [vec![0; 500_000], vec![1; 500_000]]);
        assert!(is_at_the_rate(began.elapsed()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_is_held_to_the_rate() {
        let began = Instant::now();
        let bytes = vec![7; 1_000_000];
        let mut reader = Limited::new(bytes.as_slice(), bucket());
        let mut read = Vec::new();
        reader.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, bytes);
        assert!(is_at_the_rate(began.elapsed()), "{:?}", began.elapsed());
    }
}

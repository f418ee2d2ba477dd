//! A response's body, given up on when it stands still for too long.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};
use wasmtime_wasi_http::Error;

/// A body that fails with [`Error::ConnectionReadTimeout`] once the guest waits for a frame and
/// none has come since `between_frames` ago.
pub(super) struct ResponseBody<B> {
    body: B,
    between_frames: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl<B> ResponseBody<B> {
    pub(super) fn new(body: B, between_frames: Duration) -> Self {
        Self {
            body,
            between_frames,
            deadline: Box::pin(sleep(between_frames)),
        }
    }
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        match polled {
            Poll::Ready(Some(Ok(_))) => {
                // A guest may ask for more time than a clock can hold, and then gets it all.
                if let Some(deadline) = Instant::now().checked_add(this.between_frames) {
                    this.deadline.as_mut().reset(deadline);
                }
                polled
            }
            Poll::Ready(_) => polled,
            Poll::Pending => this
                .deadline
                .as_mut()
                .poll(cx)
                .map(|()| Some(Err(Error::ConnectionReadTimeout))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};
    use tokio::sync::mpsc;

    use super::*;

    const BETWEEN_FRAMES: Duration = Duration::from_secs(10);

    type Sender = mpsc::UnboundedSender<Result<Frame<Bytes>, Error>>;

    fn body() -> (
        Sender,
        ResponseBody<impl Body<Data = Bytes, Error = Error> + Unpin>,
    ) {
        let (sender, mut frames) = mpsc::unbounded_channel();
        let frames = futures::stream::poll_fn(move |cx| frames.poll_recv(cx));
        (
            sender,
            ResponseBody::new(StreamBody::new(frames), BETWEEN_FRAMES),
        )
    }

    fn data(data: &'static str) -> Result<Frame<Bytes>, Error> {
        Ok(Frame::data(Bytes::from_static(data.as_bytes())))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_keeps_moving_may_take_for_ever() {
        let (sender, mut body) = body();
        tokio::spawn(async move {
            for _ in 0..10 {
                sleep(BETWEEN_FRAMES - Duration::from_secs(1)).await;
                sender.send(data("x")).unwrap();
            }
        });
        let mut frames = 0;
        while let Some(frame) = body.frame().await {
            frame.unwrap();
            frames += 1;
        }
        assert_eq!(frames, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_times_out() {
        let (sender, mut body) = body();
        sender.send(data("x")).unwrap();
        body.frame().await.unwrap().unwrap();
        let started = Instant::now();
        let stalled = body.frame().await.unwrap();
        assert!(
            matches!(stalled, Err(Error::ConnectionReadTimeout)),
            "{stalled:?}"
        );
        assert_eq!(started.elapsed(), BETWEEN_FRAMES);
        drop(sender);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_arrived_is_read_however_late() {
        let (sender, mut body) = body();
        sender.send(data("x")).unwrap();
        sleep(BETWEEN_FRAMES * 2).await;
        body.frame().await.unwrap().unwrap();
        drop(sender);
        assert!(body.frame().await.is_none());
    }
}

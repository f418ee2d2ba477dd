//! One request through one instance.
//!
//! The guest is driven by whoever waits for its answer: first the request's own future, until the
//! head of the response is there, then the response's body, which polls the guest whenever it has
//! nothing to send. So a request costs no task of its own and its guest stays on the connection's
//! thread. A client that leaves early leaves work behind, which is given a bounded time to end: a
//! guest sees its stream closed, as it would under `wasmtime serve`, and is not cut off mid-way.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures::channel::oneshot;
use http_body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::{Error, WasiBody};

use super::quiet::Quiet;
use crate::failure::Failure;

/// Time that a guest may go on for after its response was sent or its client has left.
const AFTERWARDS_MAX: Duration = Duration::from_secs(30);

const NO_ANSWER: &str = "the guest ended without an answer";

/// What a guest answers with: a response, or a refusal in the form of an error code.
pub(crate) type Answer = Result<http::Response<WasiBody>, wasmtime::Error>;
/// A guest at work on one request. It ends after the response, when the guest has.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;
/// Held for as long as somebody takes the response's body: what pumps it may be no guest any more,
/// but a stream that the host was handed to forward.
pub(crate) type Taken = oneshot::Sender<std::convert::Infallible>;
/// Told once, when the guest's work on a request has failed.
pub(crate) type OnFailure = Arc<dyn Fn(&Failure) + Send + Sync>;

/// Drives `work` until it has answered.
///
/// # Errors
/// When the guest ended without an answer.
pub(crate) async fn answer(
    work: Work,
    mut answered: oneshot::Receiver<Answer>,
    taken: Taken,
    watch: Watch,
    on_failure: OnFailure,
) -> Result<http::Response<GuestBody>, Failure> {
    let mut left = Left {
        work: Some(work),
        on_failure,
    };
    poll_fn(|cx| {
        let ended = left.poll(cx);
        // Looked at after the guest, which may just have answered, even as its last act.
        if let Poll::Ready(answer) = Pin::new(&mut answered).poll(cx) {
            return Poll::Ready(match (answer, ended) {
                (Ok(Ok(response)), ended) => Ok((response, ended)),
                (Ok(Err(error)), _) => Err(Failure::Host(format!(
                    "the guest answered with an error: {error:#}"
                ))),
                (Err(_), Poll::Ready(Err(failure))) => Err(failure),
                (Err(_), _) => Err(Failure::Host(NO_ANSWER.into())),
            });
        }
        match ended {
            Poll::Ready(Err(failure)) => Poll::Ready(Err(failure)),
            // It may have left the means to answer lying about; nobody will pick them up.
            Poll::Ready(Ok(())) => Poll::Ready(Err(Failure::Host(NO_ANSWER.into()))),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
    .map(|(response, ended)| {
        if let Poll::Ready(Err(failure)) = ended {
            (left.on_failure)(&failure);
        }
        // It has the head to take.
        watch.clients_turn();
        response.map(|written| GuestBody {
            written,
            taken: Some(taken),
            watch,
            left,
        })
    })
}

/// A response's body: what the guest has written, and the guest that writes it.
pub(crate) struct GuestBody {
    written: WasiBody,
    taken: Option<Taken>,
    watch: Watch,
    left: Left,
}

/// What those who make a response, carry it and take it have to know of each other.
#[derive(Clone)]
pub(crate) struct Watch {
    /// Since when the client has had something to take; over HTTP/1 the connection watches that.
    ///
    /// Over HTTP/2 it takes no more than it has opened a window for, and a body that waits for one is
    /// not looked at, so somebody else has to watch.
    client: Option<Arc<Quiet>>,
    /// The guest failed, so the end of what it wrote is not the end of the body.
    broken: Arc<AtomicBool>,
}

/// Held while a guest is at work, and dropped before what it writes to is: that then ends for want
/// of a guest, and looks as if it were whole.
pub(crate) struct AtWork {
    broken: Arc<AtomicBool>,
    finished: bool,
}

impl Watch {
    pub(crate) fn new(client: Option<Arc<Quiet>>) -> Self {
        Self {
            client,
            broken: Arc::default(),
        }
    }

    fn clients_turn(&self) {
        if let Some(client) = &self.client {
            client.begin();
        }
    }

    fn guests_turn(&self) {
        if let Some(client) = &self.client {
            client.end();
        }
    }

    /// The guest begins.
    pub(crate) fn at_work(&self) -> AtWork {
        AtWork {
            broken: self.broken.clone(),
            finished: false,
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.load(Relaxed)
    }
}

impl AtWork {
    /// The guest has come to its own end.
    pub(crate) fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        if !self.finished {
            self.broken.store(true, Relaxed);
        }
    }
}

impl Body for GuestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        this.watch.guests_turn();
        let frame = match Pin::new(&mut this.written).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => match this.left.poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(ended) => {
                    if let Err(failure) = ended {
                        (this.left.on_failure)(&failure);
                    }
                    match Pin::new(&mut this.written).poll_frame(cx) {
                        Poll::Ready(frame) => frame,
                        // Nobody is left to write the rest.
                        Poll::Pending => Some(Err(Error::HttpResponseIncomplete)),
                    }
                }
            },
        };
        if !matches!(frame, Some(Ok(_))) {
            this.taken = None;
            // Most guests end with their response: its instance is then free for the request that
            // the client may send next.
            if let Poll::Ready(Err(failure)) = this.left.poll(cx) {
                (this.left.on_failure)(&failure);
            }
        }
        Poll::Ready(match frame {
            // Without this a client would take what a broken guest had written for all there is.
            None if this.watch.is_broken() => Some(Err(Error::HttpResponseIncomplete)),
            Some(Ok(frame)) => {
                this.watch.clients_turn();
                Some(Ok(frame))
            }
            frame => frame,
        })
    }

    fn is_end_stream(&self) -> bool {
        !self.watch.is_broken() && self.written.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.written.size_hint()
    }
}

impl Drop for GuestBody {
    fn drop(&mut self) {
        self.watch.guests_turn();
    }
}

/// The rest of a guest's work; dropped before its end, it goes on by itself for a while.
struct Left {
    work: Option<Work>,
    on_failure: OnFailure,
}

impl Left {
    /// Ready once, when the work ends; pending ever after.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        let Some(work) = &mut self.work else {
            return Poll::Pending;
        };
        let ended = work.as_mut().poll(cx);
        if ended.is_ready() {
            self.work = None;
        }
        ended
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        // Often there is nothing left but to notice that the client has it all.
        if let Poll::Ready(Err(failure)) = self.poll(&mut Context::from_waker(Waker::noop())) {
            (self.on_failure)(&failure);
        }
        let Some(work) = self.work.take() else {
            return;
        };
        let on_failure = self.on_failure.clone();
        runtime.spawn(async move {
            let ended = tokio::time::timeout(AFTERWARDS_MAX, work).await;
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => on_failure(&failure),
                Err(_) => on_failure(&Failure::TimedOut(AFTERWARDS_MAX)),
            }
        });
    }
}

//! The body of a request that may have to be sent once more.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// As much of a body is kept as was sent, so that it can be sent to another node if this one has not taken it. Who has
/// sent more of it than this cannot send it again.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// A request's body that can be sent anew as long as little of it was sent.
pub(crate) struct Replay<B = Incoming> {
    body: Arc<Mutex<Rest<B>>>,
    is_empty: bool,
    length: SizeHint,
}

struct Rest<B> {
    /// None once it was taken back.
    body: Option<B>,
    /// All that was sent, unless that was too much.
    sent: Vec<Bytes>,
    sent_bytes: usize,
    is_forgotten: bool,
    /// Which sending is the last: an earlier one takes nothing any more.
    sending: usize,
}

/// One sending of a body.
pub(crate) struct Sending<B = Incoming> {
    body: Arc<Mutex<Rest<B>>>,
    number: usize,
    /// How much of what was sent before was sent anew.
    next: usize,
    is_empty: bool,
    left_bytes: Option<u64>,
}

/// Why a body breaks off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken<E: std::error::Error + 'static> {
    #[error("the client's body broke off")]
    Client(#[source] E),
    #[error("it is sent to another node")]
    SentAnew,
}

impl<B> Replay<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    pub(crate) fn new(body: B) -> Self {
        let (is_empty, length) = (body.is_end_stream(), body.size_hint());
        let rest = Rest {
            body: Some(body),
            sent: Vec::new(),
            sent_bytes: 0,
            is_forgotten: false,
            sending: 0,
        };
        Self {
            body: Arc::new(Mutex::new(rest)),
            is_empty,
            length,
        }
    }

    /// Takes the body back, as long as nothing of it was sent. What is being sent of it ends.
    pub(crate) fn take_back(&self) -> Option<B> {
        let mut rest = lock(&self.body);
        let is_untouched = rest.sent.is_empty() && !rest.is_forgotten;
        is_untouched.then(|| rest.body.take()).flatten()
    }

    /// Whether there is nothing to send.
    pub(crate) const fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Sends it, from its first byte on, and ends what was sent of it before. None where that is not known any more.
    pub(crate) fn send(&self) -> Option<Sending<B>> {
        let mut rest = lock(&self.body);
        if rest.is_forgotten || rest.body.is_none() {
            return None;
        }
        rest.sending += 1;
        Some(Sending {
            body: Arc::clone(&self.body),
            number: rest.sending,
            next: 0,
            is_empty: self.is_empty,
            left_bytes: self.length.exact(),
        })
    }
}

impl<B> Body for Sending<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + 'static,
{
    type Data = Bytes;
    type Error = Broken<B::Error>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let mut rest = lock(&this.body);
        if rest.sending != this.number {
            return Poll::Ready(Some(Err(Broken::SentAnew)));
        }
        let again = rest.sent.get(this.next).cloned();
        let frame = match (again, &mut rest.body) {
            (Some(bytes), _) => Frame::data(bytes),
            (None, None) => return Poll::Ready(Some(Err(Broken::SentAnew))),
            (None, Some(body)) => match std::task::ready!(Pin::new(body).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(Broken::Client(error)))),
                Some(Ok(frame)) => {
                    rest.keep(&frame);
                    frame
                }
            },
        };
        this.next += 1;
        if let (Some(left), Some(data)) = (&mut this.left_bytes, frame.data_ref()) {
            *left = left.saturating_sub(data.len() as u64);
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty
    }

    fn size_hint(&self) -> SizeHint {
        self.left_bytes
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl<B> Rest<B> {
    fn keep(&mut self, frame: &Frame<Bytes>) {
        if self.is_forgotten {
            return;
        }
        match frame.data_ref() {
            Some(bytes) if self.sent_bytes + bytes.len() <= KEPT_BYTES_MAX => {
                self.sent_bytes += bytes.len();
                self.sent.push(bytes.clone());
            }
            // Trailers are the last that there is: whoever has sent them has sent it all.
            _ => {
                self.is_forgotten = true;
                self.sent = Vec::new();
            }
        }
    }
}

fn lock<B>(body: &Mutex<Rest<B>>) -> MutexGuard<'_, Rest<B>> {
    body.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::stream;
    use http_body_util::{BodyExt, Empty, StreamBody};

    use super::*;

    fn pieces(
        pieces: &[&'static str],
    ) -> impl Body<Data = Bytes, Error = Infallible> + Unpin + use<> {
        let pieces = pieces.iter().map(|its| Ok(Frame::data(Bytes::from(*its))));
        StreamBody::new(stream::iter(Vec::from_iter(pieces)))
    }

    async fn next<B>(sending: &mut Sending<B>) -> Option<Bytes>
    where
        B: Body<Data = Bytes, Error = Infallible> + Unpin,
    {
        let frame = sending.frame().await?.expect("it goes on");
        frame.into_data().ok()
    }

    #[tokio::test]
    async fn is_sent_anew_from_its_beginning_and_the_rest_once() {
        let replay = Replay::new(pieces(&["a", "b", "c"]));
        let mut first = replay.send().expect("nothing was sent");
        assert_eq!(next(&mut first).await, Some("a".into()));
        assert_eq!(next(&mut first).await, Some("b".into()));
        let second = replay.send().expect("little was sent");
        let late = first.frame().await.expect("it is told");
        assert!(matches!(late, Err(Broken::SentAnew)));
        let all = second.collect().await.expect("it goes on").to_bytes();
        assert_eq!(all, "abc");
        let third = replay.send().expect("it is little on the whole");
        let all = third.collect().await.expect("it goes on").to_bytes();
        assert_eq!(all, "abc");
    }

    #[tokio::test]
    async fn what_was_too_much_is_not_sent_anew() {
        let much = Bytes::from(vec![0; KEPT_BYTES_MAX + 1]);
        let frames = [Ok::<_, Infallible>(Frame::data(much))];
        let replay = Replay::new(StreamBody::new(stream::iter(frames)));
        let sent = replay.send().expect("nothing was sent").collect().await;
        assert_eq!(
            sent.expect("it goes on").to_bytes().len(),
            KEPT_BYTES_MAX + 1
        );
        assert!(replay.send().is_none());
    }

    #[tokio::test]
    async fn is_taken_back_as_long_as_nothing_was_sent() {
        let replay = Replay::new(pieces(&["a", "b"]));
        let mut first = replay.send().expect("nothing was sent");
        let back = replay.take_back().expect("nothing was sent");
        assert!(first.frame().await.is_some_and(|its| its.is_err()));
        assert!(replay.send().is_none() && replay.take_back().is_none());
        let replay = Replay::new(back);
        let mut second = replay.send().expect("nothing was sent");
        assert_eq!(next(&mut second).await, Some("a".into()));
        assert!(replay.take_back().is_none());
    }

    #[tokio::test]
    async fn nothing_is_sent_of_what_is_empty() {
        let replay = Replay::new(Empty::<Bytes>::new());
        assert!(replay.is_empty());
        let sending = replay.send().expect("nothing was sent");
        assert!(sending.is_end_stream());
        assert_eq!(sending.size_hint().exact(), Some(0));
    }
}

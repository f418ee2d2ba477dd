//! Writing what waits for a peer.

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;

use crate::carrier::{Carrier, Connection};
use crate::hub::Shared;
use crate::peers::{Known, Link};
use crate::{Count, Lane, Peer, SendStream, frame};

/// How often a frame is begun anew because the stream broke under it.
const ATTEMPTS_MAX: u32 = 2;

impl<C: Carrier> Shared<C> {
    /// Has the frames written that wait for a peer, if nobody is at it yet.
    pub(crate) fn write_frames(self: &Arc<Self>, known: &mut Known<C::Connection>, to: Peer) {
        let outbox = &mut known.outbox;
        if outbox.is_written || !outbox.has_frames() {
            return;
        }
        outbox.is_written = true;
        let writer = Writer {
            stream: outbox.stream.take(),
            shared: Arc::clone(self),
            to,
        };
        self.runtime.spawn(writer.run());
    }
}

/// Writes the frames of one peer on one stream, as long as there are any.
struct Writer<C: Carrier> {
    shared: Arc<Shared<C>>,
    to: Peer,
    /// What frames go on, and the number of its link.
    stream: Option<(u64, SendStream)>,
}

impl<C: Carrier> Writer<C> {
    async fn run(mut self) {
        while let Some(frame) = self.next() {
            if !self.write(&frame).await {
                self.shared.counts.add(Count::FramesUndelivered, 1);
            }
        }
    }

    /// The next frame. With none, or with nowhere to write it, this writer's work is done; in the
    /// second case the next connection begins another's.
    fn next(&mut self) -> Option<Bytes> {
        let mut peers = self.shared.peers();
        let is_linked = peers.preferred(self.to.key, Lane::Talk).is_some();
        let outbox = &mut peers.get_mut(self.to.key)?.outbox;
        if is_linked && let Some(frame) = outbox.pop_frame() {
            return Some(frame);
        }
        outbox.is_written = false;
        outbox.stream = self.stream.take().filter(|_| is_linked);
        if outbox.has_frames() && self.shared.dialled(&mut peers, self.to).is_err() {
            let outbox = &mut peers.get_mut(self.to.key)?.outbox;
            let dropped = outbox.take_frames().len() as u64;
            self.shared.counts.add(Count::FramesUndelivered, dropped);
        }
        None
    }

    /// Whether the frame went out whole. One that did not was not read either, so it may be begun
    /// anew elsewhere.
    async fn write(&mut self, frame: &Bytes) -> bool {
        for _ in 0..ATTEMPTS_MAX {
            let Ok(link) = self.shared.link(self.to, Lane::Talk).await else {
                return false;
            };
            if let Some(mut stream) = self.stream_on(&link).await
                && frame::write(&mut stream, frame).await.is_ok()
            {
                self.stream = Some((link.number, stream));
                return true;
            }
        }
        false
    }

    /// The stream on this link, opened if it is not. One on another link has had its day.
    async fn stream_on(&mut self, link: &Link<C::Connection>) -> Option<SendStream> {
        match self.stream.take() {
            Some((number, stream)) if number == link.number => return Some(stream),
            Some((_, mut stream)) => {
                // All on it was written, so an error here is one of a connection that has ended.
                let _ = stream.shutdown().await;
            }
            None => {}
        }
        link.connection.open_uni().await.ok()
    }
}

//! Reading what comes over one connection, until it ends.

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinSet;

use crate::carrier::{Carrier, Connection};
use crate::frame::{self, ReadError};
use crate::hub::Shared;
use crate::peers::Link;
use crate::{Count, Ending, Event, Lane, Peer, RecvStream, SendStream, Stream};

/// Streams of frames that a peer may have open. It needs one, and another while the end of the first
/// is still on its way.
pub(crate) const FRAME_STREAMS_MAX: u32 = 4;

/// Tells the shell of the link and of all that comes over it.
pub(crate) async fn run<C: Carrier>(
    shared: Arc<Shared<C>>,
    link: Arc<Link<C::Connection>>,
    presented: Bytes,
) {
    let reader = Reader { shared, link };
    match reader.link.lane {
        Lane::Bulk => {
            tokio::join!(reader.closed(), reader.read_requests());
        }
        Lane::Talk => {
            let read = async {
                reader.tell_of_link(presented).await;
                tokio::join!(reader.read_frames(), reader.read_requests());
            };
            let (ending, (), ()) = tokio::join!(reader.closed(), reader.read_datagrams(), read);
            reader.tell_of_end(ending).await;
        }
    }
}

struct Reader<C: Carrier> {
    shared: Arc<Shared<C>>,
    link: Arc<Link<C::Connection>>,
}

impl<C: Carrier> Reader<C> {
    fn peer(&self) -> Peer {
        Peer {
            key: self.link.peer,
            address: self.link.connection.address(),
        }
    }

    fn touch(&self) {
        self.shared.peers().touch(&self.link);
    }

    /// Waits for the end. From then on nothing is sent that way, however much of what came before
    /// is still to be read.
    async fn closed(&self) -> Ending {
        let ending = self.link.connection.closed().await;
        self.shared.peers().remove(&self.link);
        ending
    }

    /// The place in the queue is taken before it is decided what to tell, and both are done in one
    /// step: so the shell never hears of an end after a beginning that came later.
    async fn tell_of_link(&self, presented: Bytes) {
        let peer = self.peer();
        let place = self.shared.events.others.reserve().await;
        let mut peers = self.shared.peers();
        if let Some(known) = peers.get_mut(peer.key) {
            known.announce();
        }
        if let Ok(place) = place {
            place.send(Event::Connected { peer, presented });
        }
    }

    async fn tell_of_end(&self, ending: Ending) {
        let peer = self.peer();
        let place = self.shared.events.others.reserve().await;
        let mut peers = self.shared.peers();
        let was_last = peers
            .get_mut(peer.key)
            .is_some_and(|known| known.renounce());
        if let (true, Ok(place)) = (was_last, place) {
            place.send(Event::Lost { peer, ending });
        }
    }

    async fn read_datagrams(&self) {
        while let Some(bytes) = self.link.connection.read_datagram().await {
            self.touch();
            let from = self.peer();
            let told = self
                .shared
                .events
                .datagrams
                .try_send(Event::Datagram { from, bytes });
            if let Err(TrySendError::Full(_)) = told {
                self.shared.counts.add(Count::DatagramsOverflowed, 1);
            }
        }
    }

    async fn read_frames(&self) {
        let mut streams = JoinSet::new();
        while let Some(stream) = self.link.connection.accept_uni().await {
            while streams.try_join_next().is_some() {}
            streams.spawn(self.clone().read_stream(stream));
        }
        // What came before the end is told before the end is.
        while streams.join_next().await.is_some() {}
    }

    async fn read_stream(self, mut stream: RecvStream) {
        let limit = self.shared.settings.frame_bytes_max;
        loop {
            match frame::read(&mut stream, limit).await {
                Ok(Some(bytes)) => {
                    self.touch();
                    let from = self.peer();
                    let event = Event::Frame { from, bytes };
                    if self.shared.events.others.send(event).await.is_err() {
                        return;
                    }
                }
                Err(error @ ReadError::TooLong { .. }) => {
                    self.shared.counts.add(Count::FramesTooLong, 1);
                    tracing::warn!(peer = %self.link.peer, %error, "a stream was closed");
                    return;
                }
                // It ended, or the writer broke off and begins anew on another.
                Ok(None) | Err(ReadError::Io(_)) => return,
            }
        }
    }

    async fn read_requests(&self) {
        let mut requests = JoinSet::new();
        while let Some((send, recv)) = self.link.connection.accept_bi().await {
            while requests.try_join_next().is_some() {}
            self.touch();
            requests.spawn(self.clone().read_request(send, recv));
        }
    }

    async fn read_request(self, send: SendStream, mut recv: RecvStream) {
        let timeout = self.shared.settings.handshake_timeout;
        let Ok(Ok(kind)) = tokio::time::timeout(timeout, recv.read_u8()).await else {
            return;
        };
        let event = Event::Request {
            from: self.peer(),
            lane: self.link.lane,
            kind,
            stream: self.shared.hand_out(&self.link, Stream { send, recv }),
        };
        // Fails only when the shell has gone.
        let _ = self.shared.events.others.send(event).await;
    }
}

impl<C: Carrier> Clone for Reader<C> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            link: Arc::clone(&self.link),
        }
    }
}

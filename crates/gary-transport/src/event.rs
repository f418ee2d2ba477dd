//! What the shell is told.

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{Ending, Lane, Peer, Settings, Stream};

/// Something that happened on the lines to other agents.
#[derive(Debug)]
pub enum Event {
    /// A peer was let in, whoever dialled. It is said of each connection of [`Lane::Talk`].
    Connected {
        /// Who, and where from.
        peer: Peer,
        /// What it presented.
        presented: Bytes,
    },
    /// The last connection of [`Lane::Talk`] with a peer ended. Somebody else's rules say whether
    /// that means anything: a connection that nobody uses ends by itself.
    Lost {
        /// Who, and where it was.
        peer: Peer,
        /// Why.
        ending: Ending,
    },
    /// A datagram came. It may be told before what was sent before it.
    Datagram {
        /// From whom.
        from: Peer,
        /// What it holds.
        bytes: Bytes,
    },
    /// A frame came.
    Frame {
        /// From whom.
        from: Peer,
        /// What it holds.
        bytes: Bytes,
    },
    /// A peer opened a stream.
    Request {
        /// Who.
        from: Peer,
        /// On which lane.
        lane: Lane,
        /// What it is for, as the two shells have agreed.
        kind: u8,
        /// The stream.
        stream: Stream,
    },
}

/// Where a shell takes its events from.
#[derive(Debug)]
pub struct Events {
    datagrams: mpsc::Receiver<Event>,
    others: mpsc::Receiver<Event>,
}

/// Where events come from. Datagrams have a queue of their own, so that membership goes on while
/// frames wait.
#[derive(Debug)]
pub(crate) struct EventSender {
    pub(crate) datagrams: mpsc::Sender<Event>,
    pub(crate) others: mpsc::Sender<Event>,
}

impl Events {
    /// The next event. None comes once the transport was closed and let go of.
    ///
    /// To stop waiting loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        tokio::select! {
            Some(event) = self.datagrams.recv() => Some(event),
            Some(event) = self.others.recv() => Some(event),
            else => None,
        }
    }
}

pub(crate) fn channel(settings: &Settings) -> (EventSender, Events) {
    let (datagrams_in, datagrams) = mpsc::channel(settings.datagram_events_max.max(1));
    let (others_in, others) = mpsc::channel(settings.events_max.max(1));
    let sender = EventSender {
        datagrams: datagrams_in,
        others: others_in,
    };
    (sender, Events { datagrams, others })
}

//! What can go wrong.

use std::net::SocketAddr;
use std::time::Duration;

use crate::PeerKey;

/// Why a connection is no more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ending {
    /// Nothing came for as long as a connection is kept. The peer may be gone, or had nothing to say.
    #[error("nothing came any more")]
    Silence,
    /// The peer runs, but does not know of the connection: it has started anew.
    #[error("the peer has started anew")]
    Forgotten,
    /// The peer closed it because it does not let this agent in, or not any more.
    #[error("the peer refused: {0}")]
    Refused(String),
    /// The peer closed it because it has no room for it.
    #[error("the peer has no room for another connection")]
    NoRoom,
    /// The peer closed it to make room for others, or is shutting down.
    #[error("the peer closed it: {0}")]
    Closed(String),
    /// It was closed here.
    #[error("it was closed here")]
    Here,
    /// One side did not keep to the protocol.
    #[error("the protocol was broken: {0}")]
    Broken(String),
}

/// Why a peer could not be connected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// The transport was closed.
    #[error("the transport is closed")]
    Closed,
    /// The address, or the key, is this agent's own.
    #[error("this is the agent itself")]
    Oneself,
    /// Somebody else is there.
    #[error("whoever is at {address} holds the key {found}, not {expected}")]
    WrongKey {
        /// Where.
        address: SocketAddr,
        /// Who should be there.
        expected: PeerKey,
        /// Who is there.
        found: PeerKey,
    },
    /// The peer does not let this agent in.
    #[error("the peer refused: {reason}")]
    Refused {
        /// Why, in the peer's words.
        reason: String,
    },
    /// This agent's own doorkeeper does not let the peer in.
    #[error("the peer is not let in: {reason}")]
    NotAdmitted {
        /// Why.
        reason: String,
    },
    /// The peer has no room for another connection.
    #[error("the peer has no room for another connection")]
    PeerFull,
    /// Here is no room for another connection.
    #[error("all of the {limit} connections that there may be are in use")]
    Full {
        /// How many there may be.
        limit: usize,
    },
    /// Too many peers are being dialled or left alone.
    #[error("there is something to remember of {limit} peers already")]
    TooManyPeers {
        /// How many there may be.
        limit: usize,
    },
    /// The peer was dialled in vain a short while ago.
    #[error("the peer is not dialled again for {wait:?}")]
    BackingOff {
        /// How long it is still left alone.
        wait: Duration,
    },
    /// Nobody answered, or not in time.
    #[error("{address} did not answer within {timeout:?}")]
    NoAnswer {
        /// Where.
        address: SocketAddr,
        /// How long was waited.
        timeout: Duration,
    },
    /// The address cannot be dialled from here.
    #[error("{address} cannot be dialled: {reason}")]
    Unreachable {
        /// The address.
        address: SocketAddr,
        /// Why.
        reason: String,
    },
    /// The connection ended before the peer had let this agent in.
    #[error("the connection ended before it was made: {0}")]
    Lost(Ending),
}

/// Why a stream could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no connection to be had.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection ended meanwhile.
    #[error("the connection ended: {0}")]
    Lost(Ending),
}

/// Why something is not sent. The same is counted where there is a [`Count`](crate::Count) for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It is longer than may be sent.
    #[error("{bytes} bytes are more than the {limit} that may be sent")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// Too much waits for the peer already.
    #[error("too much waits for the peer already")]
    Overflow,
    /// There is no connection to be had.
    #[error(transparent)]
    Dial(#[from] DialError),
}

impl From<Ending> for DialError {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Refused(reason) => Self::Refused { reason },
            Ending::NoRoom => Self::PeerFull,
            ending => Self::Lost(ending),
        }
    }
}

//! What a shell asks of its transport.

use std::net::SocketAddr;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{Count, DialError, Lane, OpenError, Peer, PeerKey, SendError, Stream};

/// The lines from one agent to all others.
///
/// Whatever is for a peer takes the connection that there is, whichever side dialled it, and dials
/// where there is none. What the peers send comes as [`Events`](crate::Events).
///
/// Where two agents dial each other at once, both connections are read until they fall idle, and both
/// agents write on the one that the lower key dialled, so that one of them does.
pub trait Transport: Send + Sync {
    /// Who this agent is.
    fn key(&self) -> PeerKey;

    /// Where it is bound, with the port that it really has.
    fn local_address(&self) -> SocketAddr;

    /// Sends a datagram, which may be lost or overtaken on the way.
    ///
    /// # Errors
    /// When it is certain already that it will not arrive.
    fn send_datagram(&self, to: Peer, bytes: Bytes) -> Result<(), SendError>;

    /// Sends a frame behind those that were sent to the same peer before. It is lost if the
    /// connection breaks, or cannot be made.
    ///
    /// # Errors
    /// When it is certain already that it will not arrive.
    fn send_frame(&self, to: Peer, bytes: Bytes) -> Result<(), SendError>;

    /// Opens a stream both ways, and says what it is for. It waits while the peer takes no more.
    fn open(&self, to: Peer, lane: Lane, kind: u8) -> BoxFuture<'_, Result<Stream, OpenError>>;

    /// Connects with whoever is at an address, and says who that is.
    fn meet(&self, address: SocketAddr) -> BoxFuture<'_, Result<Peer, DialError>>;

    /// Ends every connection with a peer, which is told why, up to the first two hundred bytes. It
    /// may come back: whether it is let in is the doorkeeper's word.
    fn disconnect(&self, key: PeerKey, reason: &str);

    /// How many connections there are, of both lanes.
    fn connections(&self) -> usize;

    /// How often something happened.
    fn count(&self, count: Count) -> u64;

    /// Ends all connections, and is done when the peers have been told. Nothing can be sent any more.
    fn close(&self) -> BoxFuture<'_, ()>;
}

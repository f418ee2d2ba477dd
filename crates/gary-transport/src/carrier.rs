//! What carries bytes: all that another transport has to bring along.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

use crate::{DialError, Ending, Lane, PeerKey, RecvStream, SendStream};

/// The longest reason that a peer is told, in bytes.
const REASON_BYTES_MAX: usize = 200;

/// Something by which agents can be reached and that says reliably who they are.
pub trait Carrier: Send + Sync + 'static {
    /// What two agents talk over.
    type Connection: Connection;
    /// A connection that somebody else has dialled.
    type Incoming: Incoming<Connection = Self::Connection>;

    /// Who this agent is.
    fn key(&self) -> PeerKey;

    /// Where it is bound.
    fn local_address(&self) -> SocketAddr;

    /// Connects with whoever is at `address`, or with `expected` and nobody else.
    fn dial(
        &self,
        address: SocketAddr,
        expected: Option<PeerKey>,
        lane: Lane,
    ) -> impl Future<Output = Result<Self::Connection, DialError>> + Send;

    /// The next connection that somebody dialled; none once it is closed.
    fn accept(&self) -> impl Future<Output = Option<Self::Incoming>> + Send;

    /// Takes and makes no connections any more and ends those that there are.
    fn close(&self, closing: &Closing);

    /// Waits until all peers have been told of the end.
    fn closed(&self) -> impl Future<Output = ()> + Send;
}

/// A connection that is not made yet. To let go of it refuses it.
pub trait Incoming: Send + 'static {
    /// What it becomes.
    type Connection: Connection;

    /// Makes the connection, which finds out who the peer is.
    fn accept(self) -> impl Future<Output = Result<Self::Connection, Ending>> + Send;
}

/// A connection with one peer, known by its key. Clones are the same connection, which ends when nobody
/// holds any of it.
pub trait Connection: Clone + Send + Sync + 'static {
    /// Who is there.
    fn peer(&self) -> PeerKey;

    /// Where its packets come from.
    fn address(&self) -> SocketAddr;

    /// What it is for.
    fn lane(&self) -> Lane;

    /// Sends a datagram if that is possible without waiting.
    fn send_datagram(&self, bytes: Bytes);

    /// The next datagram; none once the connection has ended.
    fn read_datagram(&self) -> impl Future<Output = Option<Bytes>> + Send;

    /// Opens a stream to the peer.
    fn open_uni(&self) -> impl Future<Output = Result<SendStream, Ending>> + Send;

    /// The next stream from the peer; none once the connection has ended.
    fn accept_uni(&self) -> impl Future<Output = Option<RecvStream>> + Send;

    /// Opens a stream both ways.
    fn open_bi(&self) -> impl Future<Output = Result<(SendStream, RecvStream), Ending>> + Send;

    /// The next stream both ways from the peer; none once the connection has ended.
    fn accept_bi(&self) -> impl Future<Output = Option<(SendStream, RecvStream)>> + Send;

    /// Ends the connection.
    fn close(&self, closing: &Closing);

    /// Waits for the end of the connection.
    fn closed(&self) -> impl Future<Output = Ending> + Send;
}

/// What the peer is told at the end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Why, for programs.
    pub code: Code,
    /// Why, for people.
    reason: String,
}

/// Why a connection is ended, as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Code {
    /// It is not needed any more.
    Done = 0,
    /// The peer is not let in.
    Refused = 1,
    /// There is no room for it.
    NoRoom = 2,
    /// The peer broke the protocol.
    Broken = 3,
}

impl Closing {
    /// A closing with a reason, which is cut if it is long.
    pub fn new(code: Code, reason: impl fmt::Display) -> Self {
        let mut reason = reason.to_string();
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        Self { code, reason }
    }

    /// Why, for people.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What it means to the peer. A code that is not known, from a later release, is an end like any
    /// other.
    pub fn received(code: u64, reason: &[u8]) -> Ending {
        let reason = &reason[..reason.len().min(REASON_BYTES_MAX)];
        let reason = String::from_utf8_lossy(reason).into_owned();
        match code {
            code if code == Code::Refused as u64 => Ending::Refused(reason),
            code if code == Code::NoRoom as u64 => Ending::NoRoom,
            code if code == Code::Broken as u64 => Ending::Broken(reason),
            _ => Ending::Closed(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let closing = Closing::new(Code::Refused, "é".repeat(REASON_BYTES_MAX) + "x");
        assert_eq!(closing.reason(), "é".repeat(REASON_BYTES_MAX / 2));
        let long = [b'x'; 2 * REASON_BYTES_MAX];
        assert_eq!(
            Closing::received(1, &long),
            Ending::Refused("x".repeat(REASON_BYTES_MAX))
        );
    }

    #[test]
    fn a_code_of_a_later_release_is_an_end() {
        assert_eq!(
            Closing::received(1 << 40, b"why"),
            Ending::Closed("why".to_owned())
        );
    }
}

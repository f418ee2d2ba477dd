//! Whom bytes go to and come from.

use std::fmt;
use std::net::SocketAddr;

/// The ed25519 public key of an agent, which is who it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey([u8; 32]);

/// An agent and where it is thought to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Who it is.
    pub key: PeerKey,
    /// Where it is dialled if there is no connection, or where its packets came from. What goes to a
    /// peer takes the connection that there is, whatever address that one leads to.
    pub address: SocketAddr,
}

/// Which of the connections between two agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Datagrams, frames and requests of people and agents.
    Talk,
    /// Requests that move bytes in bulk, at a limited rate. They have a connection of their own, so
    /// that they never stand in the way of the others.
    Bulk,
}

impl PeerKey {
    /// The key of these bytes. Whether anybody can hold it shows when it is dialled.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

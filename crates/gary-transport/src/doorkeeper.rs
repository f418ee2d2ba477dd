//! Who is let in.

use std::net::SocketAddr;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::PeerKey;

/// What the shell says about who may connect, dialled or dialling.
pub trait Doorkeeper: Send + Sync + 'static {
    /// Whether this key is let in at all, whatever its holder may present. It is asked within the
    /// handshake, before anything else is read, so it has to answer at once.
    fn admits(&self, peer: PeerKey) -> bool;

    /// What this agent presents to `peer`, at most `Settings::credentials_bytes_max`.
    fn credentials(&self, peer: PeerKey) -> Bytes;

    /// Judges what `peer` presented. Nothing else that it sends is read before the answer.
    ///
    /// # Errors
    /// Why it is not let in. The peer is told, up to the first two hundred bytes.
    fn check<'a>(
        &'a self,
        peer: PeerKey,
        address: SocketAddr,
        presented: &'a Bytes,
    ) -> BoxFuture<'a, Result<(), String>>;
}

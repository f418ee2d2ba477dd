//! How packets become bytes.

use std::error::Error;

use gary_promise::{Member, PacketHead};

/// Packs the parts of a packet into bytes and unpacks them.
///
/// A packet is a head, then a count of members and the members, then hints, each behind its length. The
/// counts and lengths are written by [`Membership`](super::Membership); the parts are the implementer's to
/// lay out, and a head and a member say themselves where they end. Hints are packed by a
/// [`Codec`](gary_promise::Codec) of their own.
pub trait PacketCodec {
    /// Why bytes are no part of a packet.
    type Error: Error + Send + Sync + 'static;

    /// Appends the bytes of a head.
    fn pack_head(&self, head: &PacketHead, bytes: &mut Vec<u8>);

    /// The head that bytes begin with, and how many of them it takes.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the bytes. It never panics.
    fn unpack_head(&self, bytes: &[u8]) -> Result<(PacketHead, usize), Self::Error>;

    /// Appends the bytes of a member.
    fn pack_member(&self, member: &Member, bytes: &mut Vec<u8>);

    /// The member that bytes begin with, and how many of them it takes.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the bytes. It never panics.
    fn unpack_member(&self, bytes: &[u8]) -> Result<(Member, usize), Self::Error>;
}

//! How packets become bytes.

use std::error::Error;

use crate::{Member, PacketHead};

/// The longest packet, in bytes; a longer one is neither sent nor looked at. It fits the datagrams of
/// every path that QUIC runs over, which carry at least 1,200 bytes with QUIC's own.
pub const PACKET_BYTES_MAX: usize = 1_100;

/// Packs the parts of a packet, one behind the other, and unpacks them from its front: a head, and then
/// as many members as its sender found room for.
///
/// A part says itself where it ends. What else stands in a packet is between those who speak the
/// protocol, and a part is found behind whatever they have put there.
pub trait PacketCodec {
    /// Why bytes are no part of a packet.
    type Error: Error + Send + Sync + 'static;

    /// Adds a head to the end of a packet. The caller sees to [`PACKET_BYTES_MAX`].
    fn pack_head(&self, head: &PacketHead, packet: &mut Vec<u8>);

    /// The head that a packet begins with, and how many bytes it takes.
    ///
    /// # Errors
    ///
    /// Refuses more than [`PACKET_BYTES_MAX`], and whatever is wrong with the head. It never panics.
    fn unpack_head(&self, packet: &[u8]) -> Result<(PacketHead, usize), Self::Error>;

    /// Adds a member to the end of a packet. The caller sees to [`PACKET_BYTES_MAX`].
    fn pack_member(&self, member: &Member, packet: &mut Vec<u8>);

    /// The member that the rest of a packet begins with, and how many bytes it takes.
    ///
    /// # Errors
    ///
    /// Refuses more than [`PACKET_BYTES_MAX`], and whatever is wrong with the member. It never panics.
    fn unpack_member(&self, rest: &[u8]) -> Result<(Member, usize), Self::Error>;
}

//! Packets as they are on the wire: a head and then members, each behind its length.

mod codec;
mod head;
mod member;
mod member_id;

#[cfg(test)]
pub(crate) use head::PacketHead;
#[cfg(test)]
pub(crate) use member::Member;

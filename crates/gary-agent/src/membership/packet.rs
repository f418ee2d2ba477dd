//! A packet, whole.

use gary_promise::{Codec, Hint, Member, PACKET_BYTES_MAX, PacketCodec, PacketHead, Saying};

use super::Unusable;

/// The most members in a packet. Far more than fit, at the size that an identity has.
pub const PACKET_MEMBERS_MAX: u16 = 64;

/// A packet that is well-formed to its last byte.
///
/// foca reads a packet while it takes effect. This one is read before, so that it takes effect as a whole
/// or not at all, and what is not to take effect can be left out.
#[derive(Debug)]
pub(super) struct Packet<'a> {
    pub(super) head: PacketHead,
    head_bytes: &'a [u8],
    pub(super) members: Vec<Part<'a, Member>>,
    pub(super) hints: Vec<Part<'a, Hint>>,
}

/// A part of a packet, as it came.
#[derive(Debug)]
pub(super) struct Part<'a, T> {
    pub(super) value: T,
    bytes: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a packet.
    pub(super) fn read(
        bytes: &'a [u8],
        codec: &(impl PacketCodec + Codec<Hint>),
    ) -> Result<Self, Unusable> {
        if bytes.len() > PACKET_BYTES_MAX {
            return Err(Unusable::TooLong);
        }
        let head = codec.unpack_head(bytes).map_err(|_| Unusable::Head);
        let (head, rest) = split(bytes, head, Unusable::Head)?;
        let (members, rest) = match head.value.saying {
            Saying::Announce if rest.is_empty() => (Vec::new(), rest),
            Saying::Announce => return Err(Unusable::Surplus),
            Saying::Broadcast => (Vec::new(), rest),
            _ if rest.is_empty() => (Vec::new(), rest),
            _ => read_members(rest, codec)?,
        };
        Ok(Self {
            head: head.value,
            head_bytes: head.bytes,
            members,
            hints: read_hints(rest, codec)?,
        })
    }

    /// The bytes of the packet, with the members and hints that it still has.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PACKET_BYTES_MAX);
        bytes.extend_from_slice(self.head_bytes);
        if !matches!(self.head.saying, Saying::Announce | Saying::Broadcast) {
            push_count(self.members.len(), &mut bytes);
        }
        for member in &self.members {
            bytes.extend_from_slice(member.bytes);
        }
        for hint in &self.hints {
            push_count(hint.bytes.len(), &mut bytes);
            bytes.extend_from_slice(hint.bytes);
        }
        bytes
    }
}

/// A packet that says something of one member.
pub(super) fn about(head: &PacketHead, member: &Member, codec: &impl PacketCodec) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec.pack_head(head, &mut bytes);
    push_count(1, &mut bytes);
    codec.pack_member(member, &mut bytes);
    bytes
}

fn push_count(count: usize, bytes: &mut Vec<u8>) {
    let count = u16::try_from(count).expect("a packet has fewer bytes than a u16 counts");
    bytes.extend_from_slice(&count.to_be_bytes());
}

fn read_members<'a>(
    bytes: &'a [u8],
    codec: &impl PacketCodec,
) -> Result<(Vec<Part<'a, Member>>, &'a [u8]), Unusable> {
    let (count, mut rest) = bytes.split_first_chunk().ok_or(Unusable::MemberCount)?;
    let count = u16::from_be_bytes(*count);
    if count > PACKET_MEMBERS_MAX {
        return Err(Unusable::MemberCount);
    }
    let mut members = Vec::with_capacity(count.into());
    for _ in 0..count {
        let member = codec.unpack_member(rest).map_err(|_| Unusable::Member);
        let (member, after) = split(rest, member, Unusable::Member)?;
        members.push(member);
        rest = after;
    }
    Ok((members, rest))
}

fn read_hints<'a>(
    bytes: &'a [u8],
    codec: &impl Codec<Hint>,
) -> Result<Vec<Part<'a, Hint>>, Unusable> {
    let mut hints = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk().ok_or(Unusable::Hint)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (bytes, after) = after.split_at_checked(length).ok_or(Unusable::Hint)?;
        let value = codec.unpack(bytes).map_err(|_| Unusable::Hint)?;
        // foca refuses a packet with an empty one, and would have taken the rest.
        if bytes.is_empty() {
            return Err(Unusable::Hint);
        }
        hints.push(Part { value, bytes });
        rest = after;
    }
    Ok(hints)
}

/// What was read from the front of `bytes`, and the rest. A codec that takes nothing, or more than there
/// is, is not believed.
fn split<T>(
    bytes: &[u8],
    read: Result<(T, usize), Unusable>,
    why: Unusable,
) -> Result<(Part<'_, T>, &[u8]), Unusable> {
    let (value, used) = read?;
    if used == 0 {
        return Err(why);
    }
    let (bytes, rest) = bytes.split_at_checked(used).ok_or(why)?;
    Ok((Part { value, bytes }, rest))
}

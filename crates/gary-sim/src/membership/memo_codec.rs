//! Reading the same bytes once.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use gary_promise::{Codec, Hint, Member, PACKET_BYTES_MAX, PacketCodec, PacketHead};
use gary_wire::{DecodeError, WireCodec};

/// The most members that are remembered. Past it all are forgotten.
const MEMBERS_MAX: usize = 1 << 16;

/// A [`WireCodec`] that remembers what it has read.
///
/// Hours of hundreds of agents are spent reading what was read before: a packet is read twice, and tells
/// of members that another has told of. Agents share what is remembered. A run differs in the time that it
/// takes and in nothing else, since the same bytes always mean the same.
#[derive(Debug, Clone, Default)]
pub struct MemoCodec {
    read: Rc<RefCell<Read>>,
}

#[derive(Debug, Default)]
struct Read {
    members: BTreeMap<Vec<u8>, Member>,
    /// The last head, which is about to be read a second time.
    head: Option<(Vec<u8>, PacketHead)>,
}

impl PacketCodec for MemoCodec {
    type Error = DecodeError;

    fn pack_head(&self, head: &PacketHead, packet: &mut Vec<u8>) {
        WireCodec.pack_head(head, packet);
    }

    fn unpack_head(&self, packet: &[u8]) -> Result<(PacketHead, usize), DecodeError> {
        let read = &mut self.read.borrow_mut().head;
        if let Some((bytes, head)) = read
            && packet.len() <= PACKET_BYTES_MAX
            && packet.starts_with(bytes)
        {
            return Ok((*head, bytes.len()));
        }
        let (head, taken) = WireCodec.unpack_head(packet)?;
        *read = Some((packet[..taken].to_vec(), head));
        Ok((head, taken))
    }

    fn pack_member(&self, member: &Member, packet: &mut Vec<u8>) {
        WireCodec.pack_member(member, packet);
    }

    fn unpack_member(&self, rest: &[u8]) -> Result<(Member, usize), DecodeError> {
        let members = &mut self.read.borrow_mut().members;
        if let Some(part) = short_part(rest)
            && let Some(member) = members.get(part)
        {
            return Ok((*member, part.len()));
        }
        let (member, taken) = WireCodec.unpack_member(rest)?;
        if members.len() >= MEMBERS_MAX {
            members.clear();
        }
        members.insert(rest[..taken].to_vec(), member);
        Ok((member, taken))
    }
}

impl Codec<Hint> for MemoCodec {
    type Error = DecodeError;

    fn pack(&self, hint: &Hint) -> Vec<u8> {
        WireCodec.pack(hint)
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Hint, DecodeError> {
        WireCodec.unpack(bytes)
    }
}

/// The part in front, if its length is one byte, as that of all members is.
fn short_part(rest: &[u8]) -> Option<&[u8]> {
    let length = *rest.first()?;
    if length >= 0x80 || rest.len() > PACKET_BYTES_MAX {
        return None;
    }
    rest.get(..=usize::from(length))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use gary_promise::{
        AgentId, BootEpoch, BootNonce, Incarnation, Liveness, MemberId, Probe, Renewals, Saying,
    };

    use super::*;

    fn id(agent: u8) -> MemberId {
        MemberId {
            agent: AgentId::from_bytes([agent; 32]),
            epoch: BootEpoch(1),
            nonce: BootNonce(2),
            renewals: Renewals(0),
            address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 4270),
        }
    }

    fn same(memo: &MemoCodec, bytes: &[u8]) {
        for _ in 0..2 {
            assert_eq!(
                memo.unpack_head(bytes).ok(),
                WireCodec.unpack_head(bytes).ok()
            );
            assert_eq!(
                memo.unpack_member(bytes).ok(),
                WireCodec.unpack_member(bytes).ok()
            );
        }
    }

    #[test]
    fn what_is_remembered_is_what_the_bytes_mean() {
        let memo = MemoCodec::default();
        for agent in 0..3 {
            for liveness in [Liveness::Alive, Liveness::Suspect] {
                let mut bytes = Vec::new();
                memo.pack_member(
                    &Member {
                        id: id(agent),
                        incarnation: Incarnation(agent.into()),
                        liveness,
                    },
                    &mut bytes,
                );
                same(&memo, &bytes);
                same(&memo, &bytes[..bytes.len() - 1]);
                bytes.resize(PACKET_BYTES_MAX + 1, 0);
                same(&memo, &bytes);
            }
            let mut bytes = Vec::new();
            memo.pack_head(
                &PacketHead {
                    from: id(agent),
                    incarnation: Incarnation(0),
                    to: id(9),
                    saying: Saying::Ping(Probe(agent.into())),
                },
                &mut bytes,
            );
            same(&memo, &bytes);
            bytes.resize(PACKET_BYTES_MAX + 1, 0);
            same(&memo, &bytes);
        }
    }
}

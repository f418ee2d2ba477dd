//! What tests and simulations are made of.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use gary_promise::{
    AgentId, BootEpoch, BootNonce, Codec, Hint, Incarnation, Liveness, Member, MemberId,
    PacketCodec, PacketHead, Probe, Renewals, Saying, Sequence, Version,
};

/// The simplest [`PacketCodec`]: each field at its place, big-endian, an address as IPv6.
///
/// It is for tests and simulations only. What travels between machines is laid out by gary-wire.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FixedLayout;

/// Bytes are too few, or a field has no such value.
#[derive(Debug, thiserror::Error)]
#[error("no such field")]
pub(super) struct NoSuchField;

const AGENT_BYTES: usize = 32;

impl PacketCodec for FixedLayout {
    type Error = NoSuchField;

    fn pack_head(&self, head: &PacketHead, bytes: &mut Vec<u8>) {
        put_id(&head.from, bytes);
        bytes.extend(head.incarnation.0.to_be_bytes());
        put_id(&head.to, bytes);
        let (tag, probe, other) = match head.saying {
            Saying::Ping(probe) => (0, probe, None),
            Saying::Ack(probe) => (1, probe, None),
            Saying::PingRequest { target, probe } => (2, probe, Some(target)),
            Saying::IndirectPing { origin, probe } => (3, probe, Some(origin)),
            Saying::IndirectAck { target, probe } => (4, probe, Some(target)),
            Saying::ForwardedAck { origin, probe } => (5, probe, Some(origin)),
            Saying::Announce => (6, Probe(0), None),
            Saying::Feed => (7, Probe(0), None),
            Saying::Gossip => (8, Probe(0), None),
            Saying::Broadcast => (9, Probe(0), None),
            Saying::TurnUndead => (10, Probe(0), None),
        };
        bytes.push(tag);
        bytes.extend(probe.0.to_be_bytes());
        if let Some(other) = other {
            put_id(&other, bytes);
        }
    }

    fn unpack_head(&self, bytes: &[u8]) -> Result<(PacketHead, usize), NoSuchField> {
        let mut rest = bytes;
        let from = id(&mut rest)?;
        let incarnation = Incarnation(u16::from_be_bytes(take(&mut rest)?));
        let to = id(&mut rest)?;
        let [tag] = take(&mut rest)?;
        let probe = Probe(u16::from_be_bytes(take(&mut rest)?));
        let saying = match tag {
            0 => Saying::Ping(probe),
            1 => Saying::Ack(probe),
            2 => Saying::PingRequest {
                target: id(&mut rest)?,
                probe,
            },
            3 => Saying::IndirectPing {
                origin: id(&mut rest)?,
                probe,
            },
            4 => Saying::IndirectAck {
                target: id(&mut rest)?,
                probe,
            },
            5 => Saying::ForwardedAck {
                origin: id(&mut rest)?,
                probe,
            },
            6 => Saying::Announce,
            7 => Saying::Feed,
            8 => Saying::Gossip,
            9 => Saying::Broadcast,
            10 => Saying::TurnUndead,
            _ => return Err(NoSuchField),
        };
        let head = PacketHead {
            from,
            incarnation,
            to,
            saying,
        };
        Ok((head, bytes.len() - rest.len()))
    }

    fn pack_member(&self, member: &Member, bytes: &mut Vec<u8>) {
        put_id(&member.id, bytes);
        bytes.extend(member.incarnation.0.to_be_bytes());
        bytes.push(match member.liveness {
            Liveness::Alive => 0,
            Liveness::Suspect => 1,
            Liveness::Down => 2,
        });
    }

    fn unpack_member(&self, bytes: &[u8]) -> Result<(Member, usize), NoSuchField> {
        let mut rest = bytes;
        let id = id(&mut rest)?;
        let incarnation = Incarnation(u16::from_be_bytes(take(&mut rest)?));
        let [liveness] = take(&mut rest)?;
        let liveness = match liveness {
            0 => Liveness::Alive,
            1 => Liveness::Suspect,
            2 => Liveness::Down,
            _ => return Err(NoSuchField),
        };
        let member = Member {
            id,
            incarnation,
            liveness,
        };
        Ok((member, bytes.len() - rest.len()))
    }
}

impl Codec<Hint> for FixedLayout {
    type Error = NoSuchField;

    fn pack(&self, hint: &Hint) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(hint.agent.as_bytes());
        bytes.extend(hint.version.epoch.0.to_be_bytes());
        bytes.extend(hint.version.sequence.get().to_be_bytes());
        bytes
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Hint, NoSuchField> {
        let mut rest = bytes;
        let agent = AgentId::from_bytes(take::<AGENT_BYTES>(&mut rest)?);
        let epoch = BootEpoch(u64::from_be_bytes(take(&mut rest)?));
        let sequence = Sequence::new(u64::from_be_bytes(take(&mut rest)?)).ok_or(NoSuchField)?;
        if !rest.is_empty() {
            return Err(NoSuchField);
        }
        Ok(Hint {
            agent,
            version: Version { epoch, sequence },
        })
    }
}

fn put_id(id: &MemberId, bytes: &mut Vec<u8>) {
    let ip = match id.address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    bytes.extend(id.agent.as_bytes());
    bytes.extend(id.epoch.0.to_be_bytes());
    bytes.extend(id.nonce.0.to_be_bytes());
    bytes.extend(id.renewals.0.to_be_bytes());
    bytes.extend(ip.octets());
    bytes.extend(id.address.port().to_be_bytes());
}

fn id(rest: &mut &[u8]) -> Result<MemberId, NoSuchField> {
    Ok(MemberId {
        agent: AgentId::from_bytes(take::<AGENT_BYTES>(rest)?),
        epoch: BootEpoch(u64::from_be_bytes(take(rest)?)),
        nonce: BootNonce(u64::from_be_bytes(take(rest)?)),
        renewals: Renewals(u32::from_be_bytes(take(rest)?)),
        address: SocketAddr::new(
            Ipv6Addr::from(take::<16>(rest)?).to_canonical(),
            u16::from_be_bytes(take(rest)?),
        ),
    })
}

fn take<const LEN: usize>(rest: &mut &[u8]) -> Result<[u8; LEN], NoSuchField> {
    let (bytes, after) = rest.split_first_chunk().ok_or(NoSuchField)?;
    *rest = after;
    Ok(*bytes)
}

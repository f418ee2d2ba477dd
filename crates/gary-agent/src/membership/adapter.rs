//! foca's types for ours, and the other way round.

use bytes::{Buf, BufMut};
use gary_promise::{Incarnation, Liveness, Member, PacketHead, Probe, Saying};

use gary_promise::PacketCodec;

use super::identity::Who;

/// A [`PacketCodec`] as foca wants it.
#[derive(Debug)]
pub(super) struct Adapter<C> {
    codec: C,
    /// Where a part is packed before it is known to fit.
    part: Vec<u8>,
}

/// Why a part was not packed or unpacked.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdapterError {
    /// There is no room left in the packet. foca then sends it without this part.
    #[error("no room left in the packet")]
    Full,
    /// The bytes are no such part.
    #[error("these bytes are no part of a packet")]
    Unpack(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl<C> Adapter<C> {
    pub(super) const fn new(codec: C) -> Self {
        Self {
            codec,
            part: Vec::new(),
        }
    }

    fn put(&self, mut buf: impl BufMut) -> Result<(), AdapterError> {
        if buf.remaining_mut() < self.part.len() {
            return Err(AdapterError::Full);
        }
        buf.put_slice(&self.part);
        Ok(())
    }
}

impl<C: PacketCodec> foca::Codec<Who> for Adapter<C> {
    type Error = AdapterError;

    fn encode_header(
        &mut self,
        header: &foca::Header<Who>,
        buf: impl BufMut,
    ) -> Result<(), AdapterError> {
        self.part.clear();
        self.codec.pack_head(&head(header), &mut self.part);
        self.put(buf)
    }

    fn decode_header(&mut self, mut buf: impl Buf) -> Result<foca::Header<Who>, AdapterError> {
        let (head, used) = self.codec.unpack_head(buf.chunk()).map_err(unpack)?;
        buf.advance(used);
        Ok(foca_header(&head))
    }

    fn encode_member(
        &mut self,
        member: &foca::Member<Who>,
        buf: impl BufMut,
    ) -> Result<(), AdapterError> {
        self.part.clear();
        self.codec.pack_member(&our_member(member), &mut self.part);
        self.put(buf)
    }

    fn decode_member(&mut self, mut buf: impl Buf) -> Result<foca::Member<Who>, AdapterError> {
        let (member, used) = self.codec.unpack_member(buf.chunk()).map_err(unpack)?;
        buf.advance(used);
        Ok(foca_member(&member))
    }
}

fn unpack(error: impl std::error::Error + Send + Sync + 'static) -> AdapterError {
    AdapterError::Unpack(Box::new(error))
}

/// What foca knows of a member.
pub(super) fn our_member(member: &foca::Member<Who>) -> Member {
    Member {
        id: member.id().0,
        incarnation: Incarnation(member.incarnation()),
        liveness: match member.state() {
            foca::State::Alive => Liveness::Alive,
            foca::State::Suspect => Liveness::Suspect,
            foca::State::Down => Liveness::Down,
        },
    }
}

/// The same, for foca.
pub(super) fn foca_member(member: &Member) -> foca::Member<Who> {
    let state = match member.liveness {
        Liveness::Alive => foca::State::Alive,
        Liveness::Suspect => foca::State::Suspect,
        Liveness::Down => foca::State::Down,
    };
    foca::Member::new(Who(member.id), member.incarnation.0, state)
}

fn head(header: &foca::Header<Who>) -> PacketHead {
    use foca::Message;

    let probe = |number: foca::ProbeNumber| Probe(number.into());
    PacketHead {
        from: header.src.0,
        incarnation: Incarnation(header.src_incarnation),
        to: header.dst.0,
        saying: match &header.message {
            Message::Ping(number) => Saying::Ping(probe(*number)),
            Message::Ack(number) => Saying::Ack(probe(*number)),
            Message::PingReq {
                target,
                probe_number,
            } => Saying::PingRequest {
                target: target.0,
                probe: probe(*probe_number),
            },
            Message::IndirectPing {
                origin,
                probe_number,
            } => Saying::IndirectPing {
                origin: origin.0,
                probe: probe(*probe_number),
            },
            Message::IndirectAck {
                target,
                probe_number,
            } => Saying::IndirectAck {
                target: target.0,
                probe: probe(*probe_number),
            },
            Message::ForwardedAck {
                origin,
                probe_number,
            } => Saying::ForwardedAck {
                origin: origin.0,
                probe: probe(*probe_number),
            },
            Message::Announce => Saying::Announce,
            Message::Feed => Saying::Feed,
            Message::Gossip => Saying::Gossip,
            Message::Broadcast => Saying::Broadcast,
            Message::TurnUndead => Saying::TurnUndead,
        },
    }
}

fn foca_header(head: &PacketHead) -> foca::Header<Who> {
    use foca::Message;

    // foca counts its probes in a byte, which wraps. The rest of a number is another release's, and lost
    // on this one: it asked nothing with such a number.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low byte is what counts"
    )]
    let number = |probe: Probe| probe.0 as foca::ProbeNumber;
    foca::Header {
        src: Who(head.from),
        src_incarnation: head.incarnation.0,
        dst: Who(head.to),
        message: match head.saying {
            Saying::Ping(probe) => Message::Ping(number(probe)),
            Saying::Ack(probe) => Message::Ack(number(probe)),
            Saying::PingRequest { target, probe } => Message::PingReq {
                target: Who(target),
                probe_number: number(probe),
            },
            Saying::IndirectPing { origin, probe } => Message::IndirectPing {
                origin: Who(origin),
                probe_number: number(probe),
            },
            Saying::IndirectAck { target, probe } => Message::IndirectAck {
                target: Who(target),
                probe_number: number(probe),
            },
            Saying::ForwardedAck { origin, probe } => Message::ForwardedAck {
                origin: Who(origin),
                probe_number: number(probe),
            },
            Saying::Announce => Message::Announce,
            Saying::Feed => Message::Feed,
            Saying::Gossip => Message::Gossip,
            Saying::Broadcast => Message::Broadcast,
            Saying::TurnUndead => Message::TurnUndead,
        },
    }
}

//! What a packet begins with.

use gary_promise::{Incarnation, Probe, Saying as Said};

use super::{codec::short, member_id::MemberId};
use crate::{
    DecodeError, WireVersion,
    message::{NOTHING, Shaped, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PacketHead {
    #[prost(uint32, tag = "1")]
    needs: u32,
    #[prost(message, optional, tag = "2")]
    from: Option<MemberId>,
    #[prost(uint32, tag = "3")]
    incarnation: u32,
    #[prost(message, optional, tag = "4")]
    to: Option<MemberId>,
    #[prost(oneof = "Saying", tags = "8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18")]
    saying: Option<Saying>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Saying {
    #[prost(message, tag = "8")]
    Ping(Direct),
    #[prost(message, tag = "9")]
    Ack(Direct),
    #[prost(message, tag = "10")]
    PingRequest(Indirect),
    #[prost(message, tag = "11")]
    IndirectPing(Indirect),
    #[prost(message, tag = "12")]
    IndirectAck(Indirect),
    #[prost(message, tag = "13")]
    ForwardedAck(Indirect),
    #[prost(message, tag = "14")]
    Announce(()),
    #[prost(message, tag = "15")]
    Feed(()),
    #[prost(message, tag = "16")]
    Gossip(()),
    #[prost(message, tag = "17")]
    Broadcast(()),
    #[prost(message, tag = "18")]
    TurnUndead(()),
}

/// Between the two of a packet.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Direct {
    #[prost(uint32, tag = "1")]
    probe: u32,
}

/// About a third, whose part in it goes without saying: it is who asks or who is asked after.
#[derive(Clone, PartialEq, prost::Message)]
struct Indirect {
    #[prost(message, optional, tag = "1")]
    third: Option<MemberId>,
    #[prost(uint32, tag = "2")]
    probe: u32,
}

impl Shaped for PacketHead {
    const SHAPE: Shape = Shape {
        what: "packet",
        fields: &[
            Field::u32(1, "packet.needs"),
            Field::message(2, "packet.from", &MemberId::SHAPE),
            Field::u16(3, "packet.incarnation"),
            Field::message(4, "packet.to", &MemberId::SHAPE),
            Field::message(8, "packet.ping", &Direct::SHAPE),
            Field::message(9, "packet.ack", &Direct::SHAPE),
            Field::message(10, "packet.ping_request", &Indirect::SHAPE),
            Field::message(11, "packet.indirect_ping", &Indirect::SHAPE),
            Field::message(12, "packet.indirect_ack", &Indirect::SHAPE),
            Field::message(13, "packet.forwarded_ack", &Indirect::SHAPE),
            Field::message(14, "packet.announce", &NOTHING),
            Field::message(15, "packet.feed", &NOTHING),
            Field::message(16, "packet.gossip", &NOTHING),
            Field::message(17, "packet.broadcast", &NOTHING),
            Field::message(18, "packet.turn_undead", &NOTHING),
        ],
    };
}

impl Shaped for Direct {
    const SHAPE: Shape = Shape {
        what: "direct",
        fields: &[Field::u16(1, "direct.probe")],
    };
}

impl Shaped for Indirect {
    const SHAPE: Shape = Shape {
        what: "indirect",
        fields: &[
            Field::message(1, "indirect.third", &MemberId::SHAPE),
            Field::u16(2, "indirect.probe"),
        ],
    };
}

impl From<&gary_promise::PacketHead> for PacketHead {
    fn from(head: &gary_promise::PacketHead) -> Self {
        Self {
            needs: WireVersion::FIRST.get(),
            from: Some(head.from.into()),
            incarnation: head.incarnation.0.into(),
            to: Some(head.to.into()),
            saying: Some(head.saying.into()),
        }
    }
}

impl TryFrom<PacketHead> for gary_promise::PacketHead {
    type Error = DecodeError;

    fn try_from(head: PacketHead) -> Result<Self, DecodeError> {
        Ok(Self {
            from: required("packet.from", head.from)?.try_into()?,
            incarnation: Incarnation(short("packet.incarnation", head.incarnation)?),
            to: required("packet.to", head.to)?.try_into()?,
            saying: required("packet.saying", head.saying)?.try_into()?,
        })
    }
}

impl From<Said> for Saying {
    fn from(saying: Said) -> Self {
        match saying {
            Said::Ping(probe) => Self::Ping(probe.into()),
            Said::Ack(probe) => Self::Ack(probe.into()),
            Said::PingRequest { target, probe } => Self::PingRequest((target, probe).into()),
            Said::IndirectPing { origin, probe } => Self::IndirectPing((origin, probe).into()),
            Said::IndirectAck { target, probe } => Self::IndirectAck((target, probe).into()),
            Said::ForwardedAck { origin, probe } => Self::ForwardedAck((origin, probe).into()),
            Said::Announce => Self::Announce(()),
            Said::Feed => Self::Feed(()),
            Said::Gossip => Self::Gossip(()),
            Said::Broadcast => Self::Broadcast(()),
            Said::TurnUndead => Self::TurnUndead(()),
        }
    }
}

impl TryFrom<Saying> for Said {
    type Error = DecodeError;

    fn try_from(saying: Saying) -> Result<Self, DecodeError> {
        Ok(match saying {
            Saying::Ping(direct) => Self::Ping(direct.probe()?),
            Saying::Ack(direct) => Self::Ack(direct.probe()?),
            Saying::PingRequest(indirect) => {
                let (target, probe) = indirect.read()?;
                Self::PingRequest { target, probe }
            }
            Saying::IndirectPing(indirect) => {
                let (origin, probe) = indirect.read()?;
                Self::IndirectPing { origin, probe }
            }
            Saying::IndirectAck(indirect) => {
                let (target, probe) = indirect.read()?;
                Self::IndirectAck { target, probe }
            }
            Saying::ForwardedAck(indirect) => {
                let (origin, probe) = indirect.read()?;
                Self::ForwardedAck { origin, probe }
            }
            Saying::Announce(()) => Self::Announce,
            Saying::Feed(()) => Self::Feed,
            Saying::Gossip(()) => Self::Gossip,
            Saying::Broadcast(()) => Self::Broadcast,
            Saying::TurnUndead(()) => Self::TurnUndead,
        })
    }
}

impl From<Probe> for Direct {
    fn from(probe: Probe) -> Self {
        Self {
            probe: probe.0.into(),
        }
    }
}

impl From<(gary_promise::MemberId, Probe)> for Indirect {
    fn from((third, probe): (gary_promise::MemberId, Probe)) -> Self {
        Self {
            third: Some(third.into()),
            probe: probe.0.into(),
        }
    }
}

impl Direct {
    fn probe(self) -> Result<Probe, DecodeError> {
        short("direct.probe", self.probe).map(Probe)
    }
}

impl Indirect {
    fn read(self) -> Result<(gary_promise::MemberId, Probe), DecodeError> {
        let third = required("indirect.third", self.third)?.try_into()?;
        Ok((third, short("indirect.probe", self.probe).map(Probe)?))
    }
}

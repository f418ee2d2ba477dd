//! Values of rows. A tag is never used for anything else again.

use gary_promise as said;
use gary_promise::{AgentId, Codec, Failure, Generation, Slot, Time};
use gary_wire::{DecodeError, WireCodec};

/// Why a value is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("it is no message of its kind")]
    Protobuf(#[from] prost::DecodeError),
    #[error(transparent)]
    Wire(#[from] DecodeError),
    #[error("{0} is missing, or not what it may be")]
    Illegal(&'static str),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Votes {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) configuration: Vec<u8>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(super) promised: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) voted: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub(super) chosen: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Stood {
    #[prost(message, repeated, tag = "1")]
    pub(super) before: Vec<StoodBefore>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct StoodBefore {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) intent: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    pub(super) failed: Option<Failing>,
    #[prost(uint64, tag = "3")]
    pub(super) epoch: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Failing {
    #[prost(uint64, tag = "1")]
    generation: u64,
    #[prost(uint32, tag = "2")]
    slot: u32,
    #[prost(bytes = "vec", tag = "3")]
    host: Vec<u8>,
    #[prost(uint32, tag = "4")]
    failure: u32,
    #[prost(uint64, tag = "5")]
    since_us: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct HostsFor {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub(super) keepers: Vec<Vec<u8>>,
    #[prost(bool, tag = "2")]
    pub(super) is_handed_over: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Ended {
    #[prost(uint64, tag = "1")]
    pub(super) tick: u64,
    #[prost(uint32, tag = "2")]
    pub(super) slot: u32,
    #[prost(uint64, tag = "3")]
    pub(super) asked_epoch: u64,
    #[prost(uint64, tag = "4")]
    pub(super) asked_sequence: u64,
    #[prost(bytes = "vec", tag = "5")]
    pub(super) completion: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Pending {
    #[prost(uint64, tag = "1")]
    pub(super) epoch: u64,
    #[prost(uint64, tag = "2")]
    pub(super) since_us: u64,
    /// What was said of it, if it was refused.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) refused: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ConfigurationEpoch {
    #[prost(uint64, tag = "1")]
    number: u64,
    /// Zero where it was not begun again.
    #[prost(uint64, tag = "2")]
    era: u64,
    #[prost(bytes = "vec", tag = "3")]
    era_by: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Granted {
    #[prost(message, optional, tag = "1")]
    pub(super) epoch: Option<ConfigurationEpoch>,
    #[prost(uint64, tag = "2")]
    pub(super) number: u64,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) offer: Vec<u8>,
    #[prost(fixed64, tag = "4")]
    pub(super) start: u64,
    #[prost(message, optional, tag = "5")]
    pub(super) granted_in: Option<ConfigurationEpoch>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Collected {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) workload: Vec<u8>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) floor: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SetBack {
    #[prost(uint64, tag = "1")]
    pub(super) stored: u64,
    #[prost(uint64, tag = "2")]
    pub(super) seen: u64,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) by: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Drained {
    #[prost(uint32, tag = "1")]
    pub(super) within_ms: u32,
    #[prost(bool, tag = "2")]
    pub(super) leaves: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Assessed {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) observer: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) promise: Vec<u8>,
    #[prost(uint64, tag = "3")]
    pub(super) at_us: u64,
    #[prost(uint64, tag = "4")]
    pub(super) epoch: u64,
    #[prost(bytes = "vec", tag = "5")]
    pub(super) workload: Vec<u8>,
    #[prost(uint32, optional, tag = "6")]
    pub(super) slot: Option<u32>,
    #[prost(oneof = "Judgement", tags = "8, 9, 10, 11, 12, 13, 14, 15, 16, 17")]
    pub(super) judgement: Option<Judgement>,
}

/// Each with the times that it goes by, in microseconds.
#[derive(Clone, Copy, PartialEq, prost::Oneof)]
pub(super) enum Judgement {
    #[prost(uint64, tag = "8")]
    Renewed(u64),
    #[prost(uint64, tag = "9")]
    Used(u64),
    #[prost(message, tag = "10")]
    OnNotice(OnNotice),
    #[prost(bool, tag = "11")]
    Unheard(bool),
    #[prost(uint64, tag = "12")]
    Silent(u64),
    #[prost(uint64, tag = "13")]
    Lost(u64),
    #[prost(uint64, tag = "14")]
    Expired(u64),
    #[prost(uint64, tag = "15")]
    Withdrawn(u64),
    #[prost(uint64, tag = "16")]
    Denied(u64),
    #[prost(uint64, tag = "17")]
    Failed(u64),
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct OnNotice {
    #[prost(uint64, tag = "1")]
    at_us: u64,
    #[prost(uint64, tag = "2")]
    back_by_us: u64,
}

/// What was packed in the form that it has on its way.
pub(super) fn packed<T>(bytes: &[u8]) -> Result<T, Flaw>
where
    WireCodec: Codec<T, Error = DecodeError>,
{
    Ok(WireCodec.unpack(bytes)?)
}

pub(super) fn agent(field: &'static str, bytes: &[u8]) -> Result<AgentId, Flaw> {
    let bytes = bytes.try_into().map_err(|_| Flaw::Illegal(field))?;
    Ok(AgentId::from_bytes(bytes))
}

impl From<said::ConfigurationEpoch> for ConfigurationEpoch {
    fn from(epoch: said::ConfigurationEpoch) -> Self {
        let era = epoch.era();
        Self {
            number: epoch.get(),
            era: era.map_or(0, said::Era::number),
            era_by: era.map_or_else(Vec::new, |its| its.by().as_bytes().to_vec()),
        }
    }
}

impl TryFrom<ConfigurationEpoch> for said::ConfigurationEpoch {
    type Error = Flaw;

    fn try_from(epoch: ConfigurationEpoch) -> Result<Self, Flaw> {
        let number = Self::new(epoch.number).ok_or(Flaw::Illegal("epoch.number"))?;
        if epoch.era == 0 {
            return Ok(number);
        }
        let by = agent("epoch.era_by", &epoch.era_by)?;
        Ok(number.of(said::Era::new(epoch.era, by)))
    }
}

impl From<gary_agent::Failing> for Failing {
    fn from(failing: gary_agent::Failing) -> Self {
        Self {
            generation: failing.generation.get(),
            slot: failing.slot.0,
            host: failing.host.as_bytes().to_vec(),
            failure: failing.failure.number(),
            since_us: failing.since.as_us(),
        }
    }
}

impl TryFrom<Failing> for gary_agent::Failing {
    type Error = Flaw;

    fn try_from(failing: Failing) -> Result<Self, Flaw> {
        let generation = Generation::new(failing.generation);
        Ok(Self {
            generation: generation.ok_or(Flaw::Illegal("failing.generation"))?,
            slot: Slot(failing.slot),
            host: agent("failing.host", &failing.host)?,
            failure: Failure::of_number(failing.failure),
            since: Time::from_us(failing.since_us),
        })
    }
}

impl From<said::Judgement> for Judgement {
    fn from(judgement: said::Judgement) -> Self {
        use said::{Broken, Contrary, Kept, Unknown};
        match judgement {
            said::Judgement::Kept(Kept::Renewed { at }) => Self::Renewed(at.as_us()),
            said::Judgement::Kept(Kept::Used { at }) => Self::Used(at.as_us()),
            said::Judgement::Kept(Kept::OnNotice { at, back_by }) => Self::OnNotice(OnNotice {
                at_us: at.as_us(),
                back_by_us: back_by.as_us(),
            }),
            said::Judgement::Unknown(Unknown::Unheard) => Self::Unheard(true),
            said::Judgement::Unknown(Unknown::Silent { since }) => Self::Silent(since.as_us()),
            said::Judgement::Unknown(Unknown::Lost { at }) => Self::Lost(at.as_us()),
            said::Judgement::Broken(Broken::Expired { at }) => Self::Expired(at.as_us()),
            said::Judgement::Broken(Broken::Withdrawn { at }) => Self::Withdrawn(at.as_us()),
            said::Judgement::Broken(Broken::Contrary { at, contrary }) => match contrary {
                Contrary::Denied => Self::Denied(at.as_us()),
                Contrary::Failed => Self::Failed(at.as_us()),
            },
        }
    }
}

impl From<Judgement> for said::Judgement {
    fn from(judgement: Judgement) -> Self {
        use said::{Broken, Contrary, Kept, Unknown};
        let time = Time::from_us;
        let contrary = |at, contrary| {
            let at = time(at);
            Self::Broken(Broken::Contrary { at, contrary })
        };
        match judgement {
            Judgement::Renewed(at) => Self::Kept(Kept::Renewed { at: time(at) }),
            Judgement::Used(at) => Self::Kept(Kept::Used { at: time(at) }),
            Judgement::OnNotice(its) => Self::Kept(Kept::OnNotice {
                at: time(its.at_us),
                back_by: time(its.back_by_us),
            }),
            Judgement::Unheard(_) => Self::Unknown(Unknown::Unheard),
            Judgement::Silent(at) => Self::Unknown(Unknown::Silent { since: time(at) }),
            Judgement::Lost(at) => Self::Unknown(Unknown::Lost { at: time(at) }),
            Judgement::Expired(at) => Self::Broken(Broken::Expired { at: time(at) }),
            Judgement::Withdrawn(at) => Self::Broken(Broken::Withdrawn { at: time(at) }),
            Judgement::Denied(at) => contrary(at, Contrary::Denied),
            Judgement::Failed(at) => contrary(at, Contrary::Failed),
        }
    }
}

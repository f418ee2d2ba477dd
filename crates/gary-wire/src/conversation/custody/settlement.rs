//! What has become of an intent that was passed on.

use gary_promise::{Generation, Verdict as Said, WorkloadId};

use super::configuration::Configuration;
use crate::{
    DecodeError,
    message::{NOTHING, PromiseRef, Shaped, fixed, required, zero},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Settlement {
    #[prost(message, optional, tag = "1")]
    intent: Option<PromiseRef>,
    #[prost(oneof = "Verdict", tags = "8, 9, 10, 11, 12, 13, 14, 24, 32")]
    verdict: Option<Verdict>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Verdict {
    #[prost(message, tag = "8")]
    Committed(Configuration),
    #[prost(uint64, tag = "9")]
    Conflict(u64),
    #[prost(bytes = "vec", tag = "10")]
    NameTaken(Vec<u8>),
    #[prost(message, tag = "11")]
    NotKept(()),
    #[prost(message, tag = "12")]
    NotAllowed(()),
    #[prost(message, tag = "13")]
    Elsewhere(Configuration),
    #[prost(message, tag = "14")]
    Unsettled(()),
    #[prost(message, tag = "24")]
    Exclusivity(()),
    #[prost(message, tag = "32")]
    Mode(()),
}

impl Shaped for Settlement {
    const SHAPE: Shape = Shape {
        what: "settlement",
        fields: &[
            Field::message(1, "settlement.intent", &PromiseRef::SHAPE),
            Field::message(8, "settlement.committed", &Configuration::SHAPE),
            Field::u64(9, "settlement.conflict"),
            Field::bytes(10, "settlement.name_taken", 16),
            Field::message(11, "settlement.not_kept", &NOTHING),
            Field::message(12, "settlement.not_allowed", &NOTHING),
            Field::message(13, "settlement.elsewhere", &Configuration::SHAPE),
            Field::message(14, "settlement.unsettled", &NOTHING),
            Field::message(24, "settlement.exclusivity", &NOTHING),
            Field::message(32, "settlement.mode", &NOTHING),
        ],
    };
}

impl From<&gary_promise::Settlement> for Settlement {
    fn from(settlement: &gary_promise::Settlement) -> Self {
        Self {
            intent: Some(settlement.intent.into()),
            verdict: Some((&settlement.verdict).into()),
        }
    }
}

impl TryFrom<Settlement> for gary_promise::Settlement {
    type Error = DecodeError;

    fn try_from(settlement: Settlement) -> Result<Self, DecodeError> {
        Ok(Self {
            intent: required("settlement.intent", settlement.intent)?.try_into()?,
            verdict: required("settlement.verdict", settlement.verdict)?.try_into()?,
        })
    }
}

impl From<&Said> for Verdict {
    fn from(verdict: &Said) -> Self {
        match verdict {
            Said::Committed(keepers) => Self::Committed(keepers.into()),
            Said::Conflict(generation) => Self::Conflict(generation.get()),
            Said::NameTaken(workload) => Self::NameTaken(workload.as_bytes().to_vec()),
            Said::NotKept => Self::NotKept(()),
            Said::NotAllowed => Self::NotAllowed(()),
            Said::Elsewhere(keepers) => Self::Elsewhere(keepers.into()),
            Said::Unsettled => Self::Unsettled(()),
            Said::Exclusivity => Self::Exclusivity(()),
            Said::Mode => Self::Mode(()),
        }
    }
}

impl TryFrom<Verdict> for Said {
    type Error = DecodeError;

    fn try_from(verdict: Verdict) -> Result<Self, DecodeError> {
        Ok(match verdict {
            Verdict::Committed(keepers) => Self::Committed(keepers.try_into()?),
            Verdict::Conflict(number) => Self::Conflict(
                Generation::new(number).ok_or_else(|| zero("settlement.conflict", u64::MAX))?,
            ),
            Verdict::NameTaken(workload) => Self::NameTaken(WorkloadId::from_bytes(fixed(
                "settlement.name_taken",
                &workload,
            )?)),
            Verdict::NotKept(()) => Self::NotKept,
            Verdict::NotAllowed(()) => Self::NotAllowed,
            Verdict::Elsewhere(keepers) => Self::Elsewhere(keepers.try_into()?),
            Verdict::Unsettled(()) => Self::Unsettled,
            Verdict::Exclusivity(()) => Self::Exclusivity,
            Verdict::Mode(()) => Self::Mode,
        })
    }
}

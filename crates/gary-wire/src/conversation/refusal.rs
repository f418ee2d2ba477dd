//! Not offering.

use gary_promise::WorkloadId;

use super::{slots, why::Why};
use crate::{
    DecodeError,
    message::{PromiseRef, Shaped, fixed, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Refusal {
    #[prost(message, optional, tag = "1")]
    intent: Option<PromiseRef>,
    #[prost(bytes = "vec", tag = "2")]
    workload: Vec<u8>,
    #[prost(uint32, repeated, tag = "3")]
    slots: Vec<u32>,
    #[prost(message, optional, tag = "4")]
    why: Option<Why>,
}

impl Shaped for Refusal {
    const SHAPE: Shape = Shape {
        what: "refusal",
        fields: &[
            Field::message(1, "refusal.intent", &PromiseRef::SHAPE),
            Field::bytes(2, "refusal.workload", 16),
            slots::field(3, "refusal.slots"),
            Field::message(4, "refusal.why", &Why::SHAPE),
        ],
    };
}

impl From<&gary_promise::Refusal> for Refusal {
    fn from(refusal: &gary_promise::Refusal) -> Self {
        Self {
            intent: Some(refusal.intent.into()),
            workload: refusal.workload.as_bytes().to_vec(),
            slots: slots::slots_of(&refusal.slots),
            why: Some((&refusal.why).into()),
        }
    }
}

impl TryFrom<Refusal> for gary_promise::Refusal {
    type Error = DecodeError;

    fn try_from(refusal: Refusal) -> Result<Self, DecodeError> {
        Ok(Self {
            intent: required("refusal.intent", refusal.intent)?.try_into()?,
            workload: WorkloadId::from_bytes(fixed("refusal.workload", &refusal.workload)?),
            slots: slots::slots("refusal.slots", refusal.slots)?,
            why: required("refusal.why", refusal.why)?.try_into()?,
        })
    }
}

//! Two hostings for one slot.

use gary_promise::{Generation, Slot, WorkloadId};

use crate::{
    DecodeError,
    message::{PromiseRef, Shaped, fixed, required, zero},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Surplus {
    #[prost(bytes = "vec", tag = "1")]
    workload: Vec<u8>,
    #[prost(uint64, tag = "2")]
    generation: u64,
    #[prost(uint32, tag = "3")]
    slot: u32,
    #[prost(message, optional, tag = "4")]
    yours: Option<PromiseRef>,
    #[prost(message, optional, tag = "5")]
    winner: Option<PromiseRef>,
}

impl Shaped for Surplus {
    const SHAPE: Shape = Shape {
        what: "surplus",
        fields: &[
            Field::bytes(1, "surplus.workload", 16),
            Field::u64(2, "surplus.generation"),
            Field::u32(3, "surplus.slot"),
            Field::message(4, "surplus.yours", &PromiseRef::SHAPE),
            Field::message(5, "surplus.winner", &PromiseRef::SHAPE),
        ],
    };
}

impl From<&gary_promise::Surplus> for Surplus {
    fn from(surplus: &gary_promise::Surplus) -> Self {
        Self {
            workload: surplus.workload.as_bytes().to_vec(),
            generation: surplus.generation.get(),
            slot: surplus.slot.0,
            yours: Some(surplus.yours.into()),
            winner: Some(surplus.winner.into()),
        }
    }
}

impl TryFrom<Surplus> for gary_promise::Surplus {
    type Error = DecodeError;

    fn try_from(surplus: Surplus) -> Result<Self, DecodeError> {
        let generation = Generation::new(surplus.generation);
        Ok(Self {
            workload: WorkloadId::from_bytes(fixed("surplus.workload", &surplus.workload)?),
            generation: generation.ok_or_else(|| zero("surplus.generation", u64::MAX))?,
            slot: Slot(surplus.slot),
            yours: required("surplus.yours", surplus.yours)?.try_into()?,
            winner: required("surplus.winner", surplus.winner)?.try_into()?,
        })
    }
}

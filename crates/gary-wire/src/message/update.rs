//! Which workload an intent updates.

use gary_promise::{Generation, WorkloadId};

use super::{Shaped, fixed, id::zero};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Update {
    #[prost(bytes = "vec", tag = "1")]
    workload: Vec<u8>,
    #[prost(uint64, tag = "2")]
    generation: u64,
}

impl Shaped for Update {
    const SHAPE: Shape = Shape {
        what: "update",
        fields: &[
            Field::bytes(1, "update.workload", 16),
            Field::u64(2, "update.generation"),
        ],
    };
}

impl Update {
    /// Nothing where the intent founds.
    pub(super) fn of(lineage: gary_promise::Lineage) -> Option<Self> {
        match lineage {
            gary_promise::Lineage::Founds => None,
            gary_promise::Lineage::Updates(update) => Some(Self {
                workload: update.workload().as_bytes().to_vec(),
                generation: lineage.generation().get(),
            }),
        }
    }
}

impl TryFrom<Update> for gary_promise::Update {
    type Error = DecodeError;

    fn try_from(update: Update) -> Result<Self, DecodeError> {
        const FIELD: &str = "update.generation";
        let workload = WorkloadId::from_bytes(fixed("update.workload", &update.workload)?);
        let generation = Generation::new(update.generation).ok_or_else(|| zero(FIELD, u64::MAX))?;
        Self::new(workload, generation).map_err(DecodeError::illegal(FIELD))
    }
}

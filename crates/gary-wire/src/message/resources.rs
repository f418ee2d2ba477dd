//! Processor time and memory.

use gary_promise::Portion;

use super::Shaped;
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Resources {
    #[prost(uint64, tag = "1")]
    cpu_cores_micro: u64,
    #[prost(uint64, tag = "2")]
    memory_bytes: u64,
}

impl Shaped for Resources {
    const SHAPE: Shape = Shape {
        what: "resources",
        fields: &[
            Field::u64(1, "resources.cpu_cores_micro"),
            Field::u64(2, "resources.memory_bytes"),
        ],
    };
}

impl From<gary_promise::Resources> for Resources {
    fn from(resources: gary_promise::Resources) -> Self {
        Self {
            cpu_cores_micro: resources.cpu_cores_micro(),
            memory_bytes: resources.memory_bytes(),
        }
    }
}

impl Resources {
    pub(crate) fn read(self, field: &'static str) -> Result<gary_promise::Resources, DecodeError> {
        gary_promise::Resources::new(self.cpu_cores_micro, self.memory_bytes)
            .map_err(DecodeError::illegal(field))
    }

    pub(super) fn portion(self, field: &'static str) -> Result<Portion, DecodeError> {
        Portion::new(self.cpu_cores_micro, self.memory_bytes).map_err(DecodeError::illegal(field))
    }
}

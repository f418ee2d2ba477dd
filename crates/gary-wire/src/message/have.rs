//! `+have`.

use gary_promise::{ComponentDigest, WorkloadId};

use super::{Shaped, fixed};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Have {
    #[prost(bytes = "vec", tag = "1")]
    workload: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    component: Vec<u8>,
}

impl Shaped for Have {
    const SHAPE: Shape = Shape {
        what: "have",
        fields: &[
            Field::bytes(1, "have.workload", 16),
            Field::bytes(2, "have.component", 32),
        ],
    };
}

impl From<&gary_promise::Have> for Have {
    fn from(have: &gary_promise::Have) -> Self {
        Self {
            workload: have.workload.as_bytes().to_vec(),
            component: have.component.as_bytes().to_vec(),
        }
    }
}

impl TryFrom<Have> for gary_promise::Have {
    type Error = DecodeError;

    fn try_from(have: Have) -> Result<Self, DecodeError> {
        Ok(Self {
            workload: WorkloadId::from_bytes(fixed("have.workload", &have.workload)?),
            component: ComponentDigest::from_bytes(fixed("have.component", &have.component)?),
        })
    }
}

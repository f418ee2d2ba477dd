//! `+have`.

use gary_promise::ComponentDigest;

use super::{Shaped, fixed};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Have {
    // 1 was a workload, before anybody had promised any.
    #[prost(bytes = "vec", tag = "2")]
    component: Vec<u8>,
}

impl Shaped for Have {
    const SHAPE: Shape = Shape {
        what: "have",
        fields: &[Field::bytes(2, "have.component", 32)],
    };
}

impl From<&gary_promise::Have> for Have {
    fn from(have: &gary_promise::Have) -> Self {
        Self {
            component: have.component.as_bytes().to_vec(),
        }
    }
}

impl TryFrom<Have> for gary_promise::Have {
    type Error = DecodeError;

    fn try_from(have: Have) -> Result<Self, DecodeError> {
        Ok(Self {
            component: ComponentDigest::from_bytes(fixed("have.component", &have.component)?),
        })
    }
}

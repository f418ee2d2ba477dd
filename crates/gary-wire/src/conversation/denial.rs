//! Not keeping a promise, and saying so.

use gary_promise::Failure;

use crate::{
    DecodeError,
    message::{Shaped, Version, required},
    shape::{Field, Shape},
};

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Denial {
    #[prost(message, optional, tag = "1")]
    version: Option<Version>,
    #[prost(message, optional, tag = "2")]
    of: Option<Version>,
    #[prost(uint32, tag = "3")]
    failure: u32,
}

impl Shaped for Denial {
    const SHAPE: Shape = Shape {
        what: "denial",
        fields: &[
            Field::message(1, "denial.version", &Version::SHAPE),
            Field::message(2, "denial.of", &Version::SHAPE),
            Field::u32(3, "denial.failure"),
        ],
    };
}

impl From<&gary_promise::Denial> for Denial {
    fn from(denial: &gary_promise::Denial) -> Self {
        Self {
            version: Some(denial.version.into()),
            of: Some(denial.of.into()),
            failure: denial.failure.number(),
        }
    }
}

impl TryFrom<Denial> for gary_promise::Denial {
    type Error = DecodeError;

    fn try_from(denial: Denial) -> Result<Self, DecodeError> {
        Ok(Self {
            version: required("denial.version", denial.version)?.try_into()?,
            of: required("denial.of", denial.of)?.try_into()?,
            failure: Failure::of_number(denial.failure),
        })
    }
}

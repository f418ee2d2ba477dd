//! Telling a keeper of a hosting that another has bound.

use gary_promise::BootEpoch;

use crate::{
    DecodeError,
    envelope::Signed,
    message::{Shaped, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Bound {
    #[prost(message, optional, tag = "1")]
    offer: Option<Signed>,
    #[prost(message, optional, tag = "2")]
    acceptance: Option<Signed>,
    #[prost(uint64, tag = "3")]
    asked_in: u64,
    #[prost(uint64, tag = "4")]
    answers: u64,
}

impl Shaped for Bound {
    const SHAPE: Shape = Shape {
        what: "bound",
        fields: &[
            Field::message(1, "bound.offer", &Signed::SHAPE),
            Field::message(2, "bound.acceptance", &Signed::SHAPE),
            Field::u64(3, "bound.asked_in"),
            Field::u64(4, "bound.answers"),
        ],
    };
}

impl From<&gary_promise::Bound> for Bound {
    fn from(bound: &gary_promise::Bound) -> Self {
        Self {
            offer: Some((&bound.offer).into()),
            acceptance: Some((&bound.acceptance).into()),
            asked_in: bound.asked_in.0,
            answers: bound.answers,
        }
    }
}

impl TryFrom<Bound> for gary_promise::Bound {
    type Error = DecodeError;

    fn try_from(bound: Bound) -> Result<Self, DecodeError> {
        Ok(Self {
            asked_in: BootEpoch(bound.asked_in),
            answers: bound.answers,
            offer: required("bound.offer", bound.offer)?.try_into()?,
            acceptance: required("bound.acceptance", bound.acceptance)?.try_into()?,
        })
    }
}

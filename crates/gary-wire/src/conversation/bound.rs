//! Telling a keeper of a hosting that another has bound.

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
}

impl Shaped for Bound {
    const SHAPE: Shape = Shape {
        what: "bound",
        fields: &[
            Field::message(1, "bound.offer", &Signed::SHAPE),
            Field::message(2, "bound.acceptance", &Signed::SHAPE),
        ],
    };
}

impl From<&gary_promise::Bound> for Bound {
    fn from(bound: &gary_promise::Bound) -> Self {
        Self {
            offer: Some((&bound.offer).into()),
            acceptance: Some((&bound.acceptance).into()),
        }
    }
}

impl TryFrom<Bound> for gary_promise::Bound {
    type Error = DecodeError;

    fn try_from(bound: Bound) -> Result<Self, DecodeError> {
        Ok(Self {
            offer: required("bound.offer", bound.offer)?.try_into()?,
            acceptance: required("bound.acceptance", bound.acceptance)?.try_into()?,
        })
    }
}

//! Asking after hostings.

use gary_promise::INQUIRED_MAX;

use crate::{
    DecodeError,
    message::{Shaped, Version, versions, versions_of},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Inquiry {
    #[prost(message, repeated, tag = "1")]
    offers: Vec<Version>,
}

impl Shaped for Inquiry {
    const SHAPE: Shape = Shape {
        what: "inquiry",
        fields: &[Field::message(1, "inquiry.offers", &Version::SHAPE).times(INQUIRED_MAX)],
    };
}

impl From<&gary_promise::Inquiry> for Inquiry {
    fn from(inquiry: &gary_promise::Inquiry) -> Self {
        Self {
            offers: versions_of(&inquiry.offers),
        }
    }
}

impl TryFrom<Inquiry> for gary_promise::Inquiry {
    type Error = DecodeError;

    fn try_from(inquiry: Inquiry) -> Result<Self, DecodeError> {
        Ok(Self {
            offers: versions("inquiry.offers", inquiry.offers)?,
        })
    }
}

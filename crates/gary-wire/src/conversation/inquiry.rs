//! Asking after hostings.

use gary_promise::{BootEpoch, INQUIRED_MAX};

use crate::{
    DecodeError,
    message::{Shaped, Version, versions, versions_of},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Inquiry {
    #[prost(message, repeated, tag = "1")]
    offers: Vec<Version>,
    #[prost(uint64, tag = "2")]
    epoch: u64,
    #[prost(uint64, tag = "3")]
    number: u64,
}

impl Shaped for Inquiry {
    const SHAPE: Shape = Shape {
        what: "inquiry",
        fields: &[
            Field::message(1, "inquiry.offers", &Version::SHAPE).times(INQUIRED_MAX),
            Field::u64(2, "inquiry.epoch"),
            Field::u64(3, "inquiry.number"),
        ],
    };
}

impl From<&gary_promise::Inquiry> for Inquiry {
    fn from(inquiry: &gary_promise::Inquiry) -> Self {
        Self {
            epoch: inquiry.epoch.0,
            number: inquiry.number,
            offers: versions_of(&inquiry.offers),
        }
    }
}

impl TryFrom<Inquiry> for gary_promise::Inquiry {
    type Error = DecodeError;

    fn try_from(inquiry: Inquiry) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: BootEpoch(inquiry.epoch),
            number: inquiry.number,
            offers: versions("inquiry.offers", inquiry.offers)?,
        })
    }
}

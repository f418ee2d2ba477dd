//! Leaving to others what is hosted.

use gary_promise::RENEWED_MAX;

use crate::{
    DecodeError,
    message::{Shaped, Version, required, versions, versions_of},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Handover {
    #[prost(message, optional, tag = "1")]
    version: Option<Version>,
    #[prost(message, repeated, tag = "2")]
    offers: Vec<Version>,
}

impl Shaped for Handover {
    const SHAPE: Shape = Shape {
        what: "handover",
        fields: &[
            Field::message(1, "handover.version", &Version::SHAPE),
            Field::message(2, "handover.offers", &Version::SHAPE).times(RENEWED_MAX),
        ],
    };
}

impl From<&gary_promise::Handover> for Handover {
    fn from(handover: &gary_promise::Handover) -> Self {
        Self {
            version: Some(handover.version.into()),
            offers: versions_of(&handover.offers),
        }
    }
}

impl TryFrom<Handover> for gary_promise::Handover {
    type Error = DecodeError;

    fn try_from(handover: Handover) -> Result<Self, DecodeError> {
        Ok(Self {
            version: required("handover.version", handover.version)?.try_into()?,
            offers: versions("handover.offers", handover.offers)?,
        })
    }
}

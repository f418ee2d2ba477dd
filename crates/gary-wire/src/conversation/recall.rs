//! Asking for the records of offers.

use gary_promise::RENEWED_MAX;

use crate::{
    DecodeError,
    message::{Shaped, Version, versions, versions_of},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Recall {
    #[prost(message, repeated, tag = "1")]
    offers: Vec<Version>,
}

impl Shaped for Recall {
    const SHAPE: Shape = Shape {
        what: "recall",
        fields: &[Field::message(1, "recall.offers", &Version::SHAPE).times(RENEWED_MAX)],
    };
}

impl From<&gary_promise::Recall> for Recall {
    fn from(recall: &gary_promise::Recall) -> Self {
        Self {
            offers: versions_of(&recall.offers),
        }
    }
}

impl TryFrom<Recall> for gary_promise::Recall {
    type Error = DecodeError;

    fn try_from(recall: Recall) -> Result<Self, DecodeError> {
        Ok(Self {
            offers: versions("recall.offers", recall.offers)?,
        })
    }
}

//! Not accepting offers.

use gary_promise::{BootEpoch, INVITED_SLOTS_MAX};

use crate::{
    DecodeError,
    message::{Shaped, Version, versions, versions_of},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Dismissal {
    #[prost(message, repeated, tag = "1")]
    offers: Vec<Version>,
    #[prost(uint64, tag = "2")]
    epoch: u64,
}

impl Shaped for Dismissal {
    const SHAPE: Shape = Shape {
        what: "dismissal",
        fields: &[
            Field::message(1, "dismissal.offers", &Version::SHAPE).times(INVITED_SLOTS_MAX),
            Field::u64(2, "dismissal.epoch"),
        ],
    };
}

impl From<&gary_promise::Dismissal> for Dismissal {
    fn from(dismissal: &gary_promise::Dismissal) -> Self {
        Self {
            epoch: dismissal.epoch.0,
            offers: versions_of(&dismissal.offers),
        }
    }
}

impl TryFrom<Dismissal> for gary_promise::Dismissal {
    type Error = DecodeError;

    fn try_from(dismissal: Dismissal) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: BootEpoch(dismissal.epoch),
            offers: versions("dismissal.offers", dismissal.offers)?,
        })
    }
}

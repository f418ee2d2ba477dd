//! Saying that one knows what was chosen.

use super::{
    ballot::Ballot,
    configuration::{Era, epoch},
};
use crate::{
    DecodeError,
    message::Shaped,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Learned {
    #[prost(uint64, tag = "1")]
    epoch: u64,
    /// Left out by what a configuration begins with.
    #[prost(message, optional, tag = "2")]
    ballot: Option<Ballot>,
    #[prost(message, optional, tag = "3")]
    era: Option<Era>,
}

impl Shaped for Learned {
    const SHAPE: Shape = Shape {
        what: "learned",
        fields: &[
            Field::u64(1, "learned.epoch"),
            Field::message(2, "learned.ballot", &Ballot::SHAPE),
            Field::message(3, "learned.era", &Era::SHAPE),
        ],
    };
}

impl From<&gary_promise::Learned> for Learned {
    fn from(learned: &gary_promise::Learned) -> Self {
        Self {
            epoch: learned.epoch.get(),
            ballot: learned.ballot.map(Ballot::from),
            era: learned.epoch.era().map(Era::from),
        }
    }
}

impl TryFrom<Learned> for gary_promise::Learned {
    type Error = DecodeError;

    fn try_from(learned: Learned) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: epoch("learned.epoch", learned.epoch, learned.era)?,
            ballot: learned.ballot.map(TryInto::try_into).transpose()?,
        })
    }
}

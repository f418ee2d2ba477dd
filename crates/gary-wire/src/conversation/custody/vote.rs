//! What a keeper has voted for.

use super::{ballot::Ballot, configuration::Configuration, entry::Entry};
use crate::{
    DecodeError,
    message::{Shaped, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Vote {
    /// Left out by what a configuration begins with.
    #[prost(message, optional, tag = "1")]
    ballot: Option<Ballot>,
    #[prost(message, optional, tag = "2")]
    entrusted: Option<Entrusted>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Entrusted {
    #[prost(message, optional, tag = "1")]
    configuration: Option<Configuration>,
    #[prost(message, optional, tag = "2")]
    content: Option<Entry>,
}

impl Shaped for Vote {
    const SHAPE: Shape = Shape {
        what: "vote",
        fields: &[
            Field::message(1, "vote.ballot", &Ballot::SHAPE),
            Field::message(2, "vote.entrusted", &Entrusted::SHAPE),
        ],
    };
}

impl Shaped for Entrusted {
    const SHAPE: Shape = Shape {
        what: "entrusted",
        fields: &[
            Field::message(1, "entrusted.configuration", &Configuration::SHAPE),
            Field::message(2, "entrusted.content", &Entry::SHAPE),
        ],
    };
}

impl From<&gary_promise::Vote<gary_promise::Entry>> for Vote {
    fn from(vote: &gary_promise::Vote<gary_promise::Entry>) -> Self {
        Self {
            ballot: vote.ballot.map(Ballot::from),
            entrusted: Some((&vote.entrusted).into()),
        }
    }
}

impl TryFrom<Vote> for gary_promise::Vote<gary_promise::Entry> {
    type Error = DecodeError;

    fn try_from(vote: Vote) -> Result<Self, DecodeError> {
        Ok(Self {
            ballot: vote.ballot.map(TryInto::try_into).transpose()?,
            entrusted: required("vote.entrusted", vote.entrusted)?.try_into()?,
        })
    }
}

impl From<&gary_promise::Entrusted<gary_promise::Entry>> for Entrusted {
    fn from(entrusted: &gary_promise::Entrusted<gary_promise::Entry>) -> Self {
        Self {
            configuration: Some((&entrusted.configuration).into()),
            content: Some((&entrusted.content).into()),
        }
    }
}

impl TryFrom<Entrusted> for gary_promise::Entrusted<gary_promise::Entry> {
    type Error = DecodeError;

    fn try_from(entrusted: Entrusted) -> Result<Self, DecodeError> {
        let configuration = required("entrusted.configuration", entrusted.configuration)?;
        Ok(Self {
            configuration: configuration.try_into()?,
            content: required("entrusted.content", entrusted.content)?.try_into()?,
        })
    }
}

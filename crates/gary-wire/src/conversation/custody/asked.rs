//! What keepers are asked.

use super::{ballot::Ballot, configuration::Configuration, vote::Entrusted};
use crate::{
    DecodeError,
    message::{NOTHING, Shaped, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Asked {
    #[prost(message, optional, tag = "1")]
    configuration: Option<Configuration>,
    #[prost(message, optional, tag = "2")]
    ballot: Option<Ballot>,
    #[prost(oneof = "Question", tags = "8, 9")]
    question: Option<Question>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Question {
    #[prost(message, tag = "8")]
    Prepare(()),
    #[prost(message, boxed, tag = "9")]
    Accept(Box<Entrusted>),
}

impl Shaped for Asked {
    const SHAPE: Shape = Shape {
        what: "asked",
        fields: &[
            Field::message(1, "asked.configuration", &Configuration::SHAPE),
            Field::message(2, "asked.ballot", &Ballot::SHAPE),
            Field::message(8, "asked.prepare", &NOTHING),
            Field::message(9, "asked.accept", &Entrusted::SHAPE),
        ],
    };
}

impl From<&gary_promise::Asked<gary_promise::Entry>> for Asked {
    fn from(asked: &gary_promise::Asked<gary_promise::Entry>) -> Self {
        let question = match &asked.question {
            gary_promise::Question::Prepare => Question::Prepare(()),
            gary_promise::Question::Accept(entrusted) => {
                Question::Accept(Box::new(entrusted.into()))
            }
        };
        Self {
            configuration: Some((&asked.configuration).into()),
            ballot: Some(asked.ballot.into()),
            question: Some(question),
        }
    }
}

impl TryFrom<Asked> for gary_promise::Asked<gary_promise::Entry> {
    type Error = DecodeError;

    fn try_from(asked: Asked) -> Result<Self, DecodeError> {
        let question = match required("asked.question", asked.question)? {
            Question::Prepare(()) => gary_promise::Question::Prepare,
            Question::Accept(entrusted) => gary_promise::Question::Accept((*entrusted).try_into()?),
        };
        Ok(Self {
            configuration: required("asked.configuration", asked.configuration)?.try_into()?,
            ballot: required("asked.ballot", asked.ballot)?.try_into()?,
            question,
        })
    }
}

//! What keepers answer.

use super::{
    ballot::Ballot,
    configuration::{Configuration, Era, epoch},
    vote::Vote,
};
use crate::{
    DecodeError,
    message::{NOTHING, Shaped, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Answered {
    #[prost(uint64, tag = "1")]
    epoch: u64,
    #[prost(message, optional, tag = "2")]
    ballot: Option<Ballot>,
    #[prost(message, optional, tag = "3")]
    era: Option<Era>,
    #[prost(oneof = "Answer", tags = "8, 9, 10, 11, 12, 13, 14")]
    answer: Option<Answer>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Answer {
    #[prost(message, tag = "8")]
    Promised(Promised),
    #[prost(message, tag = "9")]
    Accepted(()),
    #[prost(message, tag = "10")]
    Outbid(Ballot),
    #[prost(message, tag = "11")]
    Ahead(Vote),
    #[prost(message, tag = "12")]
    Behind(()),
    #[prost(message, tag = "13")]
    Elsewhere(Configuration),
    #[prost(message, tag = "14")]
    NotAsked(()),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Promised {
    /// Left out where there was none.
    #[prost(message, optional, tag = "1")]
    vote: Option<Vote>,
}

impl Shaped for Answered {
    const SHAPE: Shape = Shape {
        what: "answered",
        fields: &[
            Field::u64(1, "answered.epoch"),
            Field::message(2, "answered.ballot", &Ballot::SHAPE),
            Field::message(3, "answered.era", &Era::SHAPE),
            Field::message(8, "answered.promised", &Promised::SHAPE),
            Field::message(9, "answered.accepted", &NOTHING),
            Field::message(10, "answered.outbid", &Ballot::SHAPE),
            Field::message(11, "answered.ahead", &Vote::SHAPE),
            Field::message(12, "answered.behind", &NOTHING),
            Field::message(13, "answered.elsewhere", &Configuration::SHAPE),
            Field::message(14, "answered.not_asked", &NOTHING),
        ],
    };
}

impl Shaped for Promised {
    const SHAPE: Shape = Shape {
        what: "answered.promised",
        fields: &[Field::message(1, "answered.promised.vote", &Vote::SHAPE)],
    };
}

impl From<&gary_promise::Answered<gary_promise::Entry>> for Answered {
    fn from(answered: &gary_promise::Answered<gary_promise::Entry>) -> Self {
        Self {
            epoch: answered.epoch.get(),
            ballot: Some(answered.ballot.into()),
            era: answered.epoch.era().map(Era::from),
            answer: Some((&answered.answer).into()),
        }
    }
}

impl TryFrom<Answered> for gary_promise::Answered<gary_promise::Entry> {
    type Error = DecodeError;

    fn try_from(answered: Answered) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: epoch("answered.epoch", answered.epoch, answered.era)?,
            ballot: required("answered.ballot", answered.ballot)?.try_into()?,
            answer: required("answered.answer", answered.answer)?.try_into()?,
        })
    }
}

impl From<&gary_promise::Answer<gary_promise::Entry>> for Answer {
    fn from(answer: &gary_promise::Answer<gary_promise::Entry>) -> Self {
        match answer {
            gary_promise::Answer::Promised(vote) => Self::Promised(Promised {
                vote: vote.as_ref().map(Vote::from),
            }),
            gary_promise::Answer::Accepted => Self::Accepted(()),
            gary_promise::Answer::Outbid(by) => Self::Outbid((*by).into()),
            gary_promise::Answer::Ahead(chosen) => Self::Ahead(chosen.into()),
            gary_promise::Answer::Behind => Self::Behind(()),
            gary_promise::Answer::Elsewhere(others) => Self::Elsewhere(others.into()),
            gary_promise::Answer::NotAsked => Self::NotAsked(()),
        }
    }
}

impl TryFrom<Answer> for gary_promise::Answer<gary_promise::Entry> {
    type Error = DecodeError;

    fn try_from(answer: Answer) -> Result<Self, DecodeError> {
        Ok(match answer {
            Answer::Promised(its) => Self::Promised(its.vote.map(TryInto::try_into).transpose()?),
            Answer::Accepted(()) => Self::Accepted,
            Answer::Outbid(by) => Self::Outbid(by.try_into()?),
            Answer::Ahead(chosen) => Self::Ahead(chosen.try_into()?),
            Answer::Behind(()) => Self::Behind,
            Answer::Elsewhere(others) => Self::Elsewhere(others.try_into()?),
            Answer::NotAsked(()) => Self::NotAsked,
        })
    }
}

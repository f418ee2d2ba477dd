//! What keepers of one name say to one another.

use gary_promise::{CommitSequence, Consultation as Said, WorkloadId, WorkloadName};

use super::{
    answered::Answered, asked::Asked, configuration::Configuration, learned::Learned, vote::Vote,
};
use crate::{
    DecodeError,
    message::{Shaped, fixed, required, text},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Consults {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(uint64, tag = "2")]
    sequence: u64,
    #[prost(oneof = "Consultation", tags = "8, 9, 10, 11, 14, 15")]
    what: Option<Consultation>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Consultation {
    #[prost(message, tag = "8")]
    Asked(Asked),
    #[prost(message, tag = "9")]
    Answered(Answered),
    #[prost(message, tag = "10")]
    Chosen(Vote),
    #[prost(message, tag = "11")]
    Learned(Learned),
    #[prost(bytes, tag = "14")]
    Collected(Vec<u8>),
    #[prost(message, tag = "15")]
    Namesake(Configuration),
}

impl Shaped for Consults {
    const SHAPE: Shape = Shape {
        what: "consults",
        fields: &[
            Field::bytes(1, "consults.name", WorkloadName::BYTES_MAX),
            Field::u64(2, "consults.sequence"),
            Field::message(8, "consults.asked", &Asked::SHAPE),
            Field::message(9, "consults.answered", &Answered::SHAPE),
            Field::message(10, "consults.chosen", &Vote::SHAPE),
            Field::message(11, "consults.learned", &Learned::SHAPE),
            Field::bytes(14, "consults.collected", 16),
            Field::message(15, "consults.namesake", &Configuration::SHAPE),
        ],
    };
}

impl From<&gary_promise::Consults> for Consults {
    fn from(consults: &gary_promise::Consults) -> Self {
        let what = match &consults.what {
            Said::Asked(asked) => Consultation::Asked(asked.into()),
            Said::Answered(answered) => Consultation::Answered(answered.into()),
            Said::Chosen(chosen) => Consultation::Chosen(chosen.into()),
            Said::Learned(learned) => Consultation::Learned(learned.into()),
            Said::Collected(workload) => Consultation::Collected(workload.as_bytes().to_vec()),
            Said::Namesake(keepers) => Consultation::Namesake(keepers.into()),
        };
        Self {
            name: consults.name.to_string(),
            sequence: consults.sequence.0,
            what: Some(what),
        }
    }
}

impl TryFrom<Consults> for gary_promise::Consults {
    type Error = DecodeError;

    fn try_from(consults: Consults) -> Result<Self, DecodeError> {
        let what = match required("consults.what", consults.what)? {
            Consultation::Asked(asked) => Said::Asked(asked.try_into()?),
            Consultation::Answered(answered) => Said::Answered(answered.try_into()?),
            Consultation::Chosen(chosen) => Said::Chosen(chosen.try_into()?),
            Consultation::Learned(learned) => Said::Learned(learned.try_into()?),
            Consultation::Collected(workload) => {
                let workload = fixed("consults.collected", &workload)?;
                Said::Collected(WorkloadId::from_bytes(workload))
            }
            Consultation::Namesake(keepers) => Said::Namesake(keepers.try_into()?),
        };
        Ok(Self {
            name: text("consults.name", &consults.name)?,
            sequence: CommitSequence(consults.sequence),
            what,
        })
    }
}

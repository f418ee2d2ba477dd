//! That a sheet has changed.

use gary_promise::AgentId;

use crate::{
    DecodeError,
    message::{Shaped, Version, fixed, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Hint {
    #[prost(bytes = "vec", tag = "1")]
    agent: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    version: Option<Version>,
}

impl Shaped for Hint {
    const SHAPE: Shape = Shape {
        what: "hint",
        fields: &[
            Field::bytes(1, "hint.agent", 32),
            Field::message(2, "hint.version", &Version::SHAPE),
        ],
    };
}

impl From<&gary_promise::Hint> for Hint {
    fn from(hint: &gary_promise::Hint) -> Self {
        Self {
            agent: hint.agent.as_bytes().to_vec(),
            version: Some(hint.version.into()),
        }
    }
}

impl TryFrom<Hint> for gary_promise::Hint {
    type Error = DecodeError;

    fn try_from(hint: Hint) -> Result<Self, DecodeError> {
        Ok(Self {
            agent: AgentId::from_bytes(fixed("hint.agent", &hint.agent)?),
            version: required("hint.version", hint.version)?.try_into()?,
        })
    }
}

//! Asking for a sheet.

use gary_promise::AgentId;

use crate::{
    DecodeError,
    message::{Shaped, Version, fixed},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Fetch {
    #[prost(bytes = "vec", tag = "1")]
    agent: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    have: Option<Version>,
}

impl Shaped for Fetch {
    const SHAPE: Shape = Shape {
        what: "fetch",
        fields: &[
            Field::bytes(1, "fetch.agent", 32),
            Field::message(2, "fetch.have", &Version::SHAPE),
        ],
    };
}

impl From<&gary_promise::Fetch> for Fetch {
    fn from(fetch: &gary_promise::Fetch) -> Self {
        Self {
            agent: fetch.agent.as_bytes().to_vec(),
            have: fetch.have.map(Version::from),
        }
    }
}

impl TryFrom<Fetch> for gary_promise::Fetch {
    type Error = DecodeError;

    fn try_from(fetch: Fetch) -> Result<Self, DecodeError> {
        Ok(Self {
            agent: AgentId::from_bytes(fixed("fetch.agent", &fetch.agent)?),
            have: fetch.have.map(TryInto::try_into).transpose()?,
        })
    }
}

//! `-consider`, and who may submit something.

use gary_promise::{AGENTS_NAMED_MAX, AgentId, Agents};

use super::{Shaped, fixed, required};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Consider {
    #[prost(message, optional, tag = "1")]
    submitters: Option<Submitters>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Submitters {
    #[prost(oneof = "Who", tags = "8, 9")]
    who: Option<Who>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Who {
    #[prost(message, tag = "8")]
    AnyClient(AnyClient),
    #[prost(message, tag = "9")]
    Only(Named),
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct AnyClient {}

#[derive(Clone, PartialEq, prost::Message)]
struct Named {
    #[prost(bytes = "vec", repeated, tag = "1")]
    agents: Vec<Vec<u8>>,
}

impl Shaped for Consider {
    const SHAPE: Shape = Shape {
        what: "consider",
        fields: &[Field::message(1, "consider.submitters", &Submitters::SHAPE)],
    };
}

impl Shaped for Submitters {
    const SHAPE: Shape = Shape {
        what: "submitters",
        fields: &[
            Field::message(8, "submitters.any_client", &AnyClient::SHAPE),
            Field::message(9, "submitters.only", &Named::SHAPE),
        ],
    };
}

impl Shaped for AnyClient {
    const SHAPE: Shape = Shape {
        what: "submitters.any_client",
        fields: &[],
    };
}

impl Shaped for Named {
    const SHAPE: Shape = Shape {
        what: "submitters.only",
        fields: &[Field::bytes(1, "submitters.only.agents", 32).times(AGENTS_NAMED_MAX)],
    };
}

impl From<&gary_promise::Submitters> for Submitters {
    fn from(submitters: &gary_promise::Submitters) -> Self {
        let who = match submitters {
            gary_promise::Submitters::AnyClient => Who::AnyClient(AnyClient {}),
            gary_promise::Submitters::Only(agents) => Who::Only(Named {
                agents: agents.iter().map(|id| id.as_bytes().to_vec()).collect(),
            }),
        };
        Self { who: Some(who) }
    }
}

impl TryFrom<Submitters> for gary_promise::Submitters {
    type Error = DecodeError;

    fn try_from(submitters: Submitters) -> Result<Self, DecodeError> {
        let named = match required("submitters", submitters.who)? {
            Who::AnyClient(_) => return Ok(Self::AnyClient),
            Who::Only(named) => named,
        };
        const FIELD: &str = "submitters.only.agents";
        let agents = named.agents.iter();
        let agents: Vec<_> = agents
            .map(|id| fixed(FIELD, id).map(AgentId::from_bytes))
            .collect::<Result<_, _>>()?;
        let agents = Agents::new(agents).map_err(DecodeError::illegal(FIELD))?;
        Ok(Self::Only(agents))
    }
}

impl From<&gary_promise::Consider> for Consider {
    fn from(consider: &gary_promise::Consider) -> Self {
        Self {
            submitters: Some((&consider.submitters).into()),
        }
    }
}

impl TryFrom<Consider> for gary_promise::Consider {
    type Error = DecodeError;

    fn try_from(consider: Consider) -> Result<Self, DecodeError> {
        Ok(Self {
            submitters: required("consider.submitters", consider.submitters)?.try_into()?,
        })
    }
}

//! One requirement of a condition.

use gary_promise::INTERFACE_BYTES_MAX;

use super::{Shaped, id::PromiseRef, required, text};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Requirement {
    #[prost(oneof = "Kind", tags = "8, 9")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(message, tag = "8")]
    Promised(PromiseRef),
    #[prost(string, tag = "9")]
    Bound(String),
}

impl Shaped for Requirement {
    const SHAPE: Shape = Shape {
        what: "requirement",
        fields: &[
            Field::message(8, "requirement.promised", &PromiseRef::SHAPE),
            Field::bytes(9, "requirement.bound", INTERFACE_BYTES_MAX),
        ],
    };
}

impl From<&gary_promise::Requirement> for Requirement {
    fn from(requirement: &gary_promise::Requirement) -> Self {
        let kind = match requirement {
            gary_promise::Requirement::Promised(id) => Kind::Promised((*id).into()),
            gary_promise::Requirement::Bound(interface) => Kind::Bound(interface.to_string()),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<Requirement> for gary_promise::Requirement {
    type Error = DecodeError;

    fn try_from(requirement: Requirement) -> Result<Self, DecodeError> {
        Ok(match required("requirement", requirement.kind)? {
            Kind::Promised(id) => Self::Promised(id.try_into()?),
            Kind::Bound(interface) => Self::Bound(text::text("requirement.bound", &interface)?),
        })
    }
}

//! `+capacity`.

use gary_promise::{Architecture, INTERFACE_BYTES_MAX, INTERFACES_MAX, LABELS_MAX};

use super::{
    Shaped, required,
    resources::Resources,
    text::{self, Label},
};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Capacity {
    #[prost(message, optional, tag = "1")]
    resources: Option<Resources>,
    #[prost(message, repeated, tag = "2")]
    labels: Vec<Label>,
    #[prost(string, tag = "3")]
    architecture: String,
    #[prost(string, repeated, tag = "4")]
    interfaces: Vec<String>,
}

impl Shaped for Capacity {
    const SHAPE: Shape = Shape {
        what: "capacity",
        fields: &[
            Field::message(1, "capacity.resources", &Resources::SHAPE),
            Field::message(2, "capacity.labels", &Label::SHAPE).times(LABELS_MAX),
            Field::bytes(3, "capacity.architecture", Architecture::BYTES_MAX),
            Field::bytes(4, "capacity.interfaces", INTERFACE_BYTES_MAX).times(INTERFACES_MAX),
        ],
    };
}

impl From<&gary_promise::Capacity> for Capacity {
    fn from(capacity: &gary_promise::Capacity) -> Self {
        Self {
            resources: Some(capacity.resources.into()),
            labels: text::labels_of(&capacity.labels),
            architecture: capacity.architecture.to_string(),
            interfaces: text::texts(capacity.interfaces.iter()),
        }
    }
}

impl TryFrom<Capacity> for gary_promise::Capacity {
    type Error = DecodeError;

    fn try_from(capacity: Capacity) -> Result<Self, DecodeError> {
        let resources = required("capacity.resources", capacity.resources)?;
        Ok(Self {
            resources: resources.read("capacity.resources")?,
            labels: text::labels("capacity.labels", &capacity.labels)?,
            architecture: text::text("capacity.architecture", &capacity.architecture)?,
            interfaces: text::interfaces("capacity.interfaces", &capacity.interfaces)?,
        })
    }
}

//! What a workload needs of a machine.

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
pub(super) struct Needs {
    #[prost(message, optional, tag = "1")]
    portion: Option<Resources>,
    #[prost(message, repeated, tag = "2")]
    labels: Vec<Label>,
    /// Empty where it does not matter.
    #[prost(string, tag = "3")]
    architecture: String,
    #[prost(string, repeated, tag = "4")]
    interfaces: Vec<String>,
}

impl Shaped for Needs {
    const SHAPE: Shape = Shape {
        what: "needs",
        fields: &[
            Field::message(1, "needs.portion", &Resources::SHAPE),
            Field::message(2, "needs.labels", &Label::SHAPE).times(LABELS_MAX),
            Field::bytes(3, "needs.architecture", Architecture::BYTES_MAX),
            Field::bytes(4, "needs.interfaces", INTERFACE_BYTES_MAX).times(INTERFACES_MAX),
        ],
    };
}

impl From<&gary_promise::Needs> for Needs {
    fn from(needs: &gary_promise::Needs) -> Self {
        let architecture = needs.architecture.as_ref();
        Self {
            portion: Some(needs.portion.resources().into()),
            labels: text::labels_of(&needs.labels),
            architecture: architecture.map(ToString::to_string).unwrap_or_default(),
            interfaces: text::texts(needs.interfaces.iter()),
        }
    }
}

impl TryFrom<Needs> for gary_promise::Needs {
    type Error = DecodeError;

    fn try_from(needs: Needs) -> Result<Self, DecodeError> {
        let architecture = match needs.architecture.as_str() {
            "" => None,
            given => Some(text::text("needs.architecture", given)?),
        };
        Ok(Self {
            portion: required("needs.portion", needs.portion)?.portion("needs.portion")?,
            labels: text::labels("needs.labels", &needs.labels)?,
            architecture,
            interfaces: text::interfaces("needs.interfaces", &needs.interfaces)?,
        })
    }
}

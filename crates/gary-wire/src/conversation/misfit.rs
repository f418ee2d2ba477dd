//! Why a machine is not what a workload needs.

use gary_promise::{Architecture, INTERFACE_BYTES_MAX, LabelKey, LabelValue};

use crate::{
    DecodeError,
    message::{Resources, Shaped, required, text},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Misfit {
    #[prost(oneof = "Kind", tags = "8, 9, 10, 11")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(message, tag = "8")]
    Resources(TooSmall),
    #[prost(message, tag = "9")]
    Architecture(Other),
    #[prost(message, tag = "10")]
    Label(LabelMisfit),
    #[prost(string, tag = "11")]
    Interface(String),
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct TooSmall {
    #[prost(message, optional, tag = "1")]
    needed: Option<Resources>,
    #[prost(message, optional, tag = "2")]
    promised: Option<Resources>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Other {
    #[prost(string, tag = "1")]
    needed: String,
    #[prost(string, tag = "2")]
    promised: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LabelMisfit {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    needed: String,
    /// Empty where the label is missing, which no value is.
    #[prost(string, tag = "3")]
    promised: String,
}

impl Shaped for Misfit {
    const SHAPE: Shape = Shape {
        what: "misfit",
        fields: &[
            Field::message(8, "misfit.resources", &TooSmall::SHAPE),
            Field::message(9, "misfit.architecture", &Other::SHAPE),
            Field::message(10, "misfit.label", &LabelMisfit::SHAPE),
            Field::bytes(11, "misfit.interface", INTERFACE_BYTES_MAX),
        ],
    };
}

impl Shaped for TooSmall {
    const SHAPE: Shape = Shape {
        what: "misfit.resources",
        fields: &[
            Field::message(1, "misfit.resources.needed", &Resources::SHAPE),
            Field::message(2, "misfit.resources.promised", &Resources::SHAPE),
        ],
    };
}

impl Shaped for Other {
    const SHAPE: Shape = Shape {
        what: "misfit.architecture",
        fields: &[
            Field::bytes(1, "misfit.architecture.needed", Architecture::BYTES_MAX),
            Field::bytes(2, "misfit.architecture.promised", Architecture::BYTES_MAX),
        ],
    };
}

impl Shaped for LabelMisfit {
    const SHAPE: Shape = Shape {
        what: "misfit.label",
        fields: &[
            Field::bytes(1, "misfit.label.key", LabelKey::BYTES_MAX),
            Field::bytes(2, "misfit.label.needed", LabelValue::BYTES_MAX),
            Field::bytes(3, "misfit.label.promised", LabelValue::BYTES_MAX),
        ],
    };
}

impl From<&gary_promise::Misfit> for Misfit {
    fn from(misfit: &gary_promise::Misfit) -> Self {
        let kind = match misfit {
            gary_promise::Misfit::Resources { needed, promised } => Kind::Resources(TooSmall {
                needed: Some((*needed).into()),
                promised: Some((*promised).into()),
            }),
            gary_promise::Misfit::Architecture { needed, promised } => Kind::Architecture(Other {
                needed: needed.to_string(),
                promised: promised.to_string(),
            }),
            gary_promise::Misfit::Label {
                key,
                needed,
                promised,
            } => Kind::Label(LabelMisfit {
                key: key.to_string(),
                needed: needed.to_string(),
                promised: promised
                    .as_ref()
                    .map_or_else(String::new, LabelValue::to_string),
            }),
            gary_promise::Misfit::Interface { needed } => Kind::Interface(needed.to_string()),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<Misfit> for gary_promise::Misfit {
    type Error = DecodeError;

    fn try_from(misfit: Misfit) -> Result<Self, DecodeError> {
        Ok(match required("misfit", misfit.kind)? {
            Kind::Resources(its) => Self::Resources {
                needed: resources("misfit.resources.needed", its.needed)?,
                promised: resources("misfit.resources.promised", its.promised)?,
            },
            Kind::Architecture(its) => Self::Architecture {
                needed: text("misfit.architecture.needed", &its.needed)?,
                promised: text("misfit.architecture.promised", &its.promised)?,
            },
            Kind::Label(its) => Self::Label {
                key: text("misfit.label.key", &its.key)?,
                needed: text("misfit.label.needed", &its.needed)?,
                promised: match its.promised.as_str() {
                    "" => None,
                    promised => Some(text("misfit.label.promised", promised)?),
                },
            },
            Kind::Interface(needed) => Self::Interface {
                needed: text("misfit.interface", &needed)?,
            },
        })
    }
}

pub(super) fn resources(
    field: &'static str,
    resources: Option<Resources>,
) -> Result<gary_promise::Resources, DecodeError> {
    required(field, resources)?.read(field)
}

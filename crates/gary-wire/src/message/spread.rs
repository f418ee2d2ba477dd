//! Over what hostings are spread.

use gary_promise::{LabelKey, Spread};

use super::{Shaped, required, text};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Axis {
    #[prost(oneof = "Kind", tags = "8, 9")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(message, tag = "8")]
    Node(Node),
    #[prost(string, tag = "9")]
    Label(String),
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Node {}

impl Shaped for Axis {
    const SHAPE: Shape = Shape {
        what: "axis",
        fields: &[
            Field::message(8, "axis.node", &Node::SHAPE),
            Field::bytes(9, "axis.label", LabelKey::BYTES_MAX),
        ],
    };
}

impl Shaped for Node {
    const SHAPE: Shape = Shape {
        what: "axis.node",
        fields: &[],
    };
}

pub(super) fn axes(spread: &Spread) -> Vec<Axis> {
    let axis = |axis: &gary_promise::Axis| {
        let kind = match axis {
            gary_promise::Axis::Node => Kind::Node(Node {}),
            gary_promise::Axis::Label(key) => Kind::Label(key.to_string()),
        };
        Axis { kind: Some(kind) }
    };
    spread.axes().iter().map(axis).collect()
}

pub(super) fn spread(field: &'static str, axes: Vec<Axis>) -> Result<Spread, DecodeError> {
    let axes = axes.into_iter().map(|axis| {
        Ok(match required("axis", axis.kind)? {
            Kind::Node(_) => gary_promise::Axis::Node,
            Kind::Label(key) => gary_promise::Axis::Label(text::text("axis.label", &key)?),
        })
    });
    let axes: Vec<_> = axes.collect::<Result<_, DecodeError>>()?;
    Spread::new(axes).map_err(DecodeError::illegal(field))
}

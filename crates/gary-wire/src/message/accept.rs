//! `-host`, an acceptance.

use gary_promise::WorkloadId;

use super::{Shaped, fixed, id::PromiseRef, required};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Accept {
    #[prost(bytes = "vec", tag = "1")]
    workload: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    intent: Option<PromiseRef>,
    #[prost(message, optional, tag = "3")]
    offer: Option<PromiseRef>,
}

impl Shaped for Accept {
    const SHAPE: Shape = Shape {
        what: "accept",
        fields: &[
            Field::bytes(1, "accept.workload", 16),
            Field::message(2, "accept.intent", &PromiseRef::SHAPE),
            Field::message(3, "accept.offer", &PromiseRef::SHAPE),
        ],
    };
}

impl From<&gary_promise::Accept> for Accept {
    fn from(accept: &gary_promise::Accept) -> Self {
        Self {
            workload: accept.workload.as_bytes().to_vec(),
            intent: Some(accept.intent.into()),
            offer: Some(accept.offer.into()),
        }
    }
}

impl TryFrom<Accept> for gary_promise::Accept {
    type Error = DecodeError;

    fn try_from(accept: Accept) -> Result<Self, DecodeError> {
        Ok(Self {
            workload: WorkloadId::from_bytes(fixed("accept.workload", &accept.workload)?),
            intent: required("accept.intent", accept.intent)?.try_into()?,
            offer: required("accept.offer", accept.offer)?.try_into()?,
        })
    }
}

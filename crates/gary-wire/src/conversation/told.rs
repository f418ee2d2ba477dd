//! Records that concern the receiver.

use gary_promise::Batch;

use crate::{
    DecodeError,
    envelope::{Envelope, batch, envelopes, records},
    message::Shaped,
    shape::Shape,
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Told {
    #[prost(message, repeated, tag = "1")]
    records: Vec<Envelope>,
}

impl Shaped for Told {
    const SHAPE: Shape = Shape {
        what: "told",
        fields: &[records(1, "told.records")],
    };
}

impl From<&Batch> for Told {
    fn from(batch: &Batch) -> Self {
        Self {
            records: envelopes(batch),
        }
    }
}

impl TryFrom<Told> for Batch {
    type Error = DecodeError;

    fn try_from(told: Told) -> Result<Self, DecodeError> {
        batch("told.records", told.records)
    }
}

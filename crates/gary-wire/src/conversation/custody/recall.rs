//! What keepers remember of one another's stores.

use gary_promise::{BootEpoch, CommitSequence};

use crate::{
    DecodeError,
    message::Shaped,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Recall {
    #[prost(uint64, tag = "1")]
    asked_in: u64,
    /// Left out by whoever asks.
    #[prost(uint64, optional, tag = "2")]
    sequence: Option<u64>,
}

impl Shaped for Recall {
    const SHAPE: Shape = Shape {
        what: "recall",
        fields: &[
            Field::u64(1, "recall.asked_in"),
            Field::u64(2, "recall.sequence"),
        ],
    };
}

impl From<gary_promise::Recall> for Recall {
    fn from(recall: gary_promise::Recall) -> Self {
        let (asked_in, sequence) = match recall {
            gary_promise::Recall::Asks { asked_in } => (asked_in, None),
            gary_promise::Recall::Saw { asked_in, sequence } => (asked_in, Some(sequence.0)),
        };
        Self {
            asked_in: asked_in.0,
            sequence,
        }
    }
}

impl TryFrom<Recall> for gary_promise::Recall {
    type Error = DecodeError;

    fn try_from(recall: Recall) -> Result<Self, DecodeError> {
        let asked_in = BootEpoch(recall.asked_in);
        Ok(match recall.sequence.map(CommitSequence) {
            None => Self::Asks { asked_in },
            Some(sequence) => Self::Saw { asked_in, sequence },
        })
    }
}

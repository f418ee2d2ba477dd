//! One attempt to write a register.

use gary_promise::{AgentId, BootEpoch};

use crate::{
    DecodeError,
    message::{Shaped, fixed},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Ballot {
    /// Zero means something: it asks nobody first.
    #[prost(uint64, tag = "1")]
    counter: u64,
    #[prost(bytes = "vec", tag = "2")]
    by: Vec<u8>,
    #[prost(uint64, tag = "3")]
    epoch: u64,
}

impl Shaped for Ballot {
    const SHAPE: Shape = Shape {
        what: "ballot",
        fields: &[
            Field::u64(1, "ballot.counter"),
            Field::bytes(2, "ballot.by", 32),
            Field::u64(3, "ballot.epoch"),
        ],
    };
}

impl From<gary_promise::Ballot> for Ballot {
    fn from(ballot: gary_promise::Ballot) -> Self {
        Self {
            counter: ballot.counter,
            by: ballot.by.as_bytes().to_vec(),
            epoch: ballot.epoch.0,
        }
    }
}

impl From<&gary_promise::Ballot> for Ballot {
    fn from(ballot: &gary_promise::Ballot) -> Self {
        (*ballot).into()
    }
}

impl TryFrom<Ballot> for gary_promise::Ballot {
    type Error = DecodeError;

    fn try_from(ballot: Ballot) -> Result<Self, DecodeError> {
        Ok(Self {
            counter: ballot.counter,
            by: AgentId::from_bytes(fixed("ballot.by", &ballot.by)?),
            epoch: BootEpoch(ballot.epoch),
        })
    }
}

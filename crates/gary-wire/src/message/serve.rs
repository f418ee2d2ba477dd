//! `+serve`.

use gary_promise::{INTERFACE_BYTES_MAX, INTERFACES_MAX, Lease, Slot, WorkloadId};

use super::{Shaped, fixed, text};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Serve {
    #[prost(bytes = "vec", tag = "1")]
    workload: Vec<u8>,
    #[prost(uint32, tag = "2")]
    slot: u32,
    #[prost(string, repeated, tag = "3")]
    exports: Vec<String>,
    #[prost(uint32, tag = "4")]
    lease_ms: u32,
}

impl Shaped for Serve {
    const SHAPE: Shape = Shape {
        what: "serve",
        fields: &[
            Field::bytes(1, "serve.workload", 16),
            Field::u32(2, "serve.slot"),
            Field::bytes(3, "serve.exports", INTERFACE_BYTES_MAX).times(INTERFACES_MAX),
            Field::u32(4, "serve.lease_ms"),
        ],
    };
}

impl From<&gary_promise::Serve> for Serve {
    fn from(serve: &gary_promise::Serve) -> Self {
        Self {
            workload: serve.workload.as_bytes().to_vec(),
            slot: serve.slot.0,
            exports: text::texts(serve.exports.iter()),
            lease_ms: serve.lease.as_ms(),
        }
    }
}

impl TryFrom<Serve> for gary_promise::Serve {
    type Error = DecodeError;

    fn try_from(serve: Serve) -> Result<Self, DecodeError> {
        let lease = Lease::from_ms(serve.lease_ms);
        Ok(Self {
            workload: WorkloadId::from_bytes(fixed("serve.workload", &serve.workload)?),
            slot: Slot(serve.slot),
            exports: text::interfaces("serve.exports", &serve.exports)?,
            lease: lease.map_err(DecodeError::illegal("serve.lease_ms"))?,
        })
    }
}

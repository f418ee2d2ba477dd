//! `+host`.

use gary_promise::{AgentId, Bid, BootEpoch, Generation, Lease, Slot, WorkloadId};

use super::{Shaped, fixed, id::zero, required, resources::Resources};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Host {
    #[prost(bytes = "vec", tag = "1")]
    promisee: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    workload: Vec<u8>,
    #[prost(uint64, tag = "3")]
    generation: u64,
    #[prost(uint32, tag = "4")]
    slot: u32,
    #[prost(message, optional, tag = "5")]
    portion: Option<Resources>,
    #[prost(uint32, tag = "6")]
    bid: u32,
    #[prost(uint32, tag = "7")]
    lease_ms: u32,
    // What is not a variant of a choice has a tag beside those of choices.
    #[prost(uint64, tag = "64")]
    asked_in: u64,
    #[prost(uint32, tag = "65")]
    besides: u32,
}

impl Shaped for Host {
    const SHAPE: Shape = Shape {
        what: "host",
        fields: &[
            Field::bytes(1, "host.promisee", 32),
            Field::bytes(2, "host.workload", 16),
            Field::u64(3, "host.generation"),
            Field::u32(4, "host.slot"),
            Field::message(5, "host.portion", &Resources::SHAPE),
            Field::u32(6, "host.bid"),
            Field::u32(7, "host.lease_ms"),
            Field::u64(64, "host.asked_in"),
            Field::u32(65, "host.besides"),
        ],
    };
}

impl From<&gary_promise::Host> for Host {
    fn from(host: &gary_promise::Host) -> Self {
        Self {
            promisee: host.promisee.as_bytes().to_vec(),
            workload: host.workload.as_bytes().to_vec(),
            generation: host.generation.get(),
            slot: host.slot.0,
            portion: Some(host.portion.resources().into()),
            bid: host.bid.0,
            lease_ms: host.lease.as_ms(),
            asked_in: host.asked_in.0,
            besides: host.besides,
        }
    }
}

impl TryFrom<Host> for gary_promise::Host {
    type Error = DecodeError;

    fn try_from(host: Host) -> Result<Self, DecodeError> {
        let generation = Generation::new(host.generation);
        let lease = Lease::from_ms(host.lease_ms);
        Ok(Self {
            promisee: AgentId::from_bytes(fixed("host.promisee", &host.promisee)?),
            asked_in: BootEpoch(host.asked_in),
            workload: WorkloadId::from_bytes(fixed("host.workload", &host.workload)?),
            generation: generation.ok_or_else(|| zero("host.generation", u64::MAX))?,
            slot: Slot(host.slot),
            portion: required("host.portion", host.portion)?.portion("host.portion")?,
            bid: Bid(host.bid),
            besides: host.besides,
            lease: lease.map_err(DecodeError::illegal("host.lease_ms"))?,
        })
    }
}

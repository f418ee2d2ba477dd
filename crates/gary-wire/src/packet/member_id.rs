//! Which start of an agent, at which address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use gary_promise::{AgentId, BootEpoch, BootNonce, Renewals};

use super::codec::short;
use crate::{
    DecodeError,
    message::{Shaped, fixed, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct MemberId {
    #[prost(bytes = "vec", tag = "1")]
    agent: Vec<u8>,
    #[prost(uint64, tag = "2")]
    epoch: u64,
    #[prost(fixed64, tag = "3")]
    nonce: u64,
    #[prost(uint32, tag = "4")]
    renewals: u32,
    #[prost(uint32, tag = "5")]
    port: u32,
    #[prost(oneof = "Address", tags = "8, 9")]
    address: Option<Address>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Address {
    #[prost(bytes, tag = "8")]
    V4(Vec<u8>),
    #[prost(bytes, tag = "9")]
    V6(Vec<u8>),
}

impl Shaped for MemberId {
    const SHAPE: Shape = Shape {
        what: "member id",
        fields: &[
            Field::bytes(1, "member id.agent", 32),
            Field::u64(2, "member id.epoch"),
            Field::fixed64(3, "member id.nonce"),
            Field::u32(4, "member id.renewals"),
            Field::u16(5, "member id.port"),
            Field::bytes(8, "member id.v4", 4),
            Field::bytes(9, "member id.v6", 16),
        ],
    };
}

impl From<gary_promise::MemberId> for MemberId {
    fn from(id: gary_promise::MemberId) -> Self {
        let address = match id.address.ip() {
            IpAddr::V4(address) => Address::V4(address.octets().to_vec()),
            IpAddr::V6(address) => Address::V6(address.octets().to_vec()),
        };
        Self {
            agent: id.agent.as_bytes().to_vec(),
            epoch: id.epoch.0,
            nonce: id.nonce.0,
            renewals: id.renewals.0,
            port: id.address.port().into(),
            address: Some(address),
        }
    }
}

impl TryFrom<MemberId> for gary_promise::MemberId {
    type Error = DecodeError;

    fn try_from(id: MemberId) -> Result<Self, DecodeError> {
        let address = match required("member id.address", id.address)? {
            Address::V4(bytes) => IpAddr::from(Ipv4Addr::from(fixed::<4>("member id.v4", &bytes)?)),
            Address::V6(bytes) => {
                IpAddr::from(Ipv6Addr::from(fixed::<16>("member id.v6", &bytes)?))
            }
        };
        Ok(Self {
            agent: AgentId::from_bytes(fixed("member id.agent", &id.agent)?),
            epoch: BootEpoch(id.epoch),
            nonce: BootNonce(id.nonce),
            renewals: Renewals(id.renewals),
            address: SocketAddr::new(address, short("member id.port", id.port)?),
        })
    }
}

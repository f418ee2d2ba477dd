//! Which start of an agent, at which address.

use std::net::SocketAddr;

use crate::{AgentId, BootEpoch};

/// A number drawn at random at each start.
///
/// The same agent and epoch with two nonces are two copies of one disk; the same nonce at another
/// address is one agent that has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootNonce(pub u64);

/// How often a start was taken for dead and said that it is not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Renewals(pub u32);

/// A member: one start of an agent, at one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId {
    /// The agent.
    pub agent: AgentId,
    /// Its start.
    pub epoch: BootEpoch,
    /// What tells this start from one of a copied disk.
    pub nonce: BootNonce,
    /// How often it has come back from being taken for dead.
    pub renewals: Renewals,
    /// Where it can be reached: an address that means the same to everybody. The flow and the scope of
    /// an IPv6 address do not, and are lost on the way.
    pub address: SocketAddr,
}

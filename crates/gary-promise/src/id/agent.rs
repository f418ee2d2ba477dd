//! Which agent.

use super::byte_id::byte_id;
use crate::amount::BoundedSet;

byte_id! {
    /// An agent: the ed25519 public key by which its promises are checked, as 32 bytes.
    ///
    /// A node's process is one, and so is the person at a command line. Bytes that are no key are an
    /// agent that nobody can be, since nothing ever verifies as said by it.
    AgentId, 32, ""
}

/// The most agents that a promise names one by one.
pub const AGENTS_NAMED_MAX: usize = 64;

/// Agents that a promise names one by one, at most [`AGENTS_NAMED_MAX`].
pub type Agents = BoundedSet<AgentId, AGENTS_NAMED_MAX>;

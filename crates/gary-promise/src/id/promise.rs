//! Which promise.

use std::fmt;

use super::{AgentId, Version};

/// A promise: who made it, and which of theirs it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromiseId {
    /// The agent whose promise it is.
    pub promiser: AgentId,
    /// When it was made, by the promiser's own count.
    pub version: Version,
}

impl fmt::Display for PromiseId {
    /// `AGENT/EPOCH.SEQUENCE`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.promiser, self.version)
    }
}

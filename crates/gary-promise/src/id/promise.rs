//! Which promise.

use std::fmt;

use sha2::{Digest, Sha256};

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

/// Before what is hashed, so that these hashes are of nothing else.
const DOMAIN: &[u8] = b"gary mark 1";

impl PromiseId {
    /// A number that stands for the promise where sets of them are compared: the beginning of a SHA-256,
    /// so that the exclusive or over a set tells by chance, and not by design, of another one.
    pub fn mark(&self) -> u64 {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(self.promiser.as_bytes());
        hash.update(self.version.epoch.0.to_le_bytes());
        hash.update(self.version.sequence.get().to_le_bytes());
        let hash: [u8; 32] = hash.finalize().into();
        let (mark, _) = hash.split_first_chunk().expect("32 bytes begin with eight");
        u64::from_le_bytes(*mark)
    }
}

//! An agent's secret.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};

use crate::AgentId;

/// The key that makes an agent the one it is. Wiped from memory when dropped.
///
/// Whoever holds it is the agent: all that can be done with it is to say things in its name, by way of
/// a [`Promiser`](crate::Promiser).
pub struct AgentKey(SigningKey);

impl AgentKey {
    /// The key that grows from 32 secret bytes, which the caller has drawn at random and keeps.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The agent whose key it is.
    pub fn id(&self) -> AgentId {
        AgentId::from_bytes(self.0.verifying_key().to_bytes())
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; super::SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for AgentKey {
    /// Whose it is, and nothing secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgentKey of {:?}", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_nothing_secret() {
        let key = AgentKey::from_seed(&[7; 32]);
        assert_eq!(format!("{key:?}"), "AgentKey of AgentId(ea4a6c63)");
    }
}

//! The key that a cluster is.

use std::collections::BTreeSet;
use std::fmt;

use ed25519_dalek::SigningKey;
use gary_promise::{AgentId, ClusterId, WallTime};

use super::signing::{message, sign};
use super::{
    Admission, CONFIRMED_MAX, Invitation, REVOKED_MAX, Revocations, RevokeError, Role, admission,
    invitation, revocations,
};

/// What a root key begins with where it is written down.
const PREFIX: &str = "gary-root-1:";

/// The key that a cluster is. Its operator keeps it; no node needs it.
pub struct RootKey(SigningKey);

/// Text is no root key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no root key: one begins with {PREFIX} and has 64 hexadecimal digits")]
pub struct RootKeyError;

impl RootKey {
    /// The key of this seed, which is to be drawn at random and told to nobody.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Which cluster it is of.
    pub fn cluster(&self) -> ClusterId {
        ClusterId::from_bytes(self.0.verifying_key().to_bytes())
    }

    /// Admits an agent by itself: the first, before there is anybody else who could.
    pub fn admit(&self, agent: AgentId, role: Role) -> Admission {
        let by = AgentId::from_bytes(*self.cluster().as_bytes());
        let signed = admission::message_of(self.cluster(), agent, role, by);
        Admission::signed(agent, role, by, sign(&self.0, &signed))
    }

    /// Invites whoever holds the key of this seed, until then.
    pub fn invite(&self, seed: &[u8; 32], role: Role, expires_at: WallTime) -> Invitation {
        let key = SigningKey::from_bytes(seed).verifying_key().to_bytes();
        let signed = invitation::message_of(self.cluster(), &key, role, expires_at);
        Invitation::signed(key, role, expires_at, sign(&self.0, &signed))
    }

    /// Revokes the key of an agent, besides all that were before. Whoever it has admitted is let in on only if they are
    /// among the `members`.
    ///
    /// # Errors
    /// When there would be too many, or what was before is not this root's own.
    pub fn revoke(
        &self,
        before: Option<&Revocations>,
        agent: AgentId,
        members: impl IntoIterator<Item = AgentId>,
    ) -> Result<Revocations, RevokeError> {
        // What somebody else says was before would stand under this signature.
        if before.is_some_and(|before| !before.is_of(self.cluster())) {
            return Err(RevokeError::NotOurs);
        }
        let mut revoked = before.map_or_else(BTreeSet::new, |its| its.revoked.clone());
        let mut confirmed = before.map_or_else(BTreeSet::new, |its| its.confirmed.clone());
        revoked.insert(agent);
        confirmed.extend(members);
        confirmed.retain(|its| !revoked.contains(its));
        if revoked.len() > REVOKED_MAX || confirmed.len() > CONFIRMED_MAX {
            return Err(RevokeError::TooMany);
        }
        let version = before.map_or(0, Revocations::version).checked_add(1);
        let version = version.ok_or(RevokeError::TooMany)?;
        let signed = revocations::message_of(self.cluster(), version, &revoked, &confirmed);
        let signature = sign(&self.0, &signed);
        Ok(Revocations {
            version,
            revoked,
            confirmed,
            signature,
        })
    }

    /// As it is written down.
    pub fn to_text(&self) -> String {
        format!("{PREFIX}{}", hex::encode(self.0.to_bytes()))
    }

    /// As it was written down.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_text(text: &str) -> Result<Self, RootKeyError> {
        let digits = text.trim().strip_prefix(PREFIX).ok_or(RootKeyError)?;
        let mut seed = [0; 32];
        hex::decode_to_slice(digits, &mut seed).map_err(|_| RootKeyError)?;
        Ok(Self::from_seed(&seed))
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootKey(of {})", self.cluster())
    }
}

/// What an invited agent signs with its invitation's key.
pub(super) fn joins(cluster: ClusterId, agent: AgentId) -> Vec<u8> {
    message("gary joins 1", &[cluster.as_bytes(), agent.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_was_written() {
        let key = RootKey::from_seed(&[7; 32]);
        let read = RootKey::from_text(&format!("{}\n", key.to_text())).expect("it is one");
        assert_eq!(read.cluster(), key.cluster());
        for text in ["", "gary-root-1:", "gary-root-1:00", "gary-root-2:00"] {
            assert_eq!(RootKey::from_text(text).map(|_| ()), Err(RootKeyError));
        }
        assert!(!format!("{key:?}").contains("0707"), "it is secret");
    }
}

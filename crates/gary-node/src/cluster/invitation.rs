//! What lets somebody in who was not admitted yet.

use ed25519_dalek::SigningKey;
use gary_promise::{AgentId, ClusterId, WallTime};

use super::Role;
use super::root_key::joins;
use super::signing::{has_signed, message, sign};

/// Whoever holds the key of this may be admitted until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub(super) key: [u8; 32],
    pub(super) role: Role,
    pub(super) expires_at: WallTime,
    pub(super) signature: Vec<u8>,
}

/// An agent that shows that it holds the key of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    pub(super) invitation: Invitation,
    /// Over its id, by that key.
    pub(super) proof: Vec<u8>,
}

/// An invitation lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// Another root signed it.
    #[error("the token is of another cluster")]
    OtherCluster,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Whoever comes with it does not hold its key.
    #[error("the token is not this agent's to use")]
    NotTheirs,
}

impl Invitation {
    pub(super) const fn signed(
        key: [u8; 32],
        role: Role,
        expires_at: WallTime,
        signature: Vec<u8>,
    ) -> Self {
        Self {
            key,
            role,
            expires_at,
            signature,
        }
    }

    /// As what it lets somebody in.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Until when.
    pub const fn expires_at(&self) -> WallTime {
        self.expires_at
    }

    /// Whether the root of this cluster has signed it.
    pub(super) fn is_of(&self, cluster: ClusterId) -> bool {
        let signed = message_of(cluster, &self.key, self.role, self.expires_at);
        has_signed(cluster.as_bytes(), &signed, &self.signature)
    }

    /// Whether this is the seed of its key.
    pub(super) fn has_seed(&self, seed: &[u8; 32]) -> bool {
        SigningKey::from_bytes(seed).verifying_key().to_bytes() == self.key
    }

    /// The holder of its key shows that it is this agent.
    pub(super) fn accept(self, seed: &[u8; 32], cluster: ClusterId, agent: AgentId) -> Invited {
        let proof = sign(&SigningKey::from_bytes(seed), &joins(cluster, agent));
        Invited {
            invitation: self,
            proof,
        }
    }
}

impl Invited {
    /// Whether an agent may be admitted by it now, and as what.
    ///
    /// # Errors
    /// Why it may not.
    pub fn check(
        &self,
        cluster: ClusterId,
        agent: AgentId,
        now: WallTime,
    ) -> Result<Role, InvitationError> {
        let invitation = &self.invitation;
        if !invitation.is_of(cluster) {
            return Err(InvitationError::OtherCluster);
        }
        if now > invitation.expires_at {
            return Err(InvitationError::Expired);
        }
        match has_signed(&invitation.key, &joins(cluster, agent), &self.proof) {
            true => Ok(invitation.role),
            false => Err(InvitationError::NotTheirs),
        }
    }
}

pub(super) fn message_of(
    cluster: ClusterId,
    key: &[u8; 32],
    role: Role,
    expires_at: WallTime,
) -> Vec<u8> {
    let expires_at = expires_at.0.to_be_bytes();
    let parts: [&[u8]; 4] = [cluster.as_bytes(), key, &[role.number()], &expires_at];
    message("gary invitation 1", &parts)
}

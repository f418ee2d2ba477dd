//! Who does not belong to a cluster any more, by the word of its root.

use std::collections::BTreeSet;

use gary_promise::{AgentId, ClusterId};
use prost::Message;

use super::Chain;
use super::signing::{has_signed, message};

/// The most keys that are revoked. No more can be.
pub const REVOKED_MAX: usize = 4_096;

/// The most keys that are confirmed. No more can be.
pub const CONFIRMED_MAX: usize = 65_536;

/// The most bytes of a list. More is refused.
pub const REVOCATIONS_BYTES_MAX: usize = 3 << 20;

/// All that were ever revoked, signed by the root. A later list takes the place of an earlier one.
///
/// Whoever has a revoked key may have admitted others with it, and go on to. So nobody is let in by its word any more, but
/// those whom the root confirms besides: who were members when it was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocations {
    pub(super) version: u64,
    pub(super) revoked: BTreeSet<AgentId>,
    pub(super) confirmed: BTreeSet<AgentId>,
    pub(super) signature: Vec<u8>,
}

/// A key cannot be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RevokeError {
    /// There is no room for one more.
    #[error(
        "more than {REVOKED_MAX} keys would be revoked, or more than {CONFIRMED_MAX} confirmed"
    )]
    TooMany,
    /// What was revoked before, by a node's word, the root has not signed.
    #[error("the list of those who were revoked before is not signed by the root")]
    NotOurs,
}

#[derive(Clone, PartialEq, Message)]
struct RevocationsMessage {
    #[prost(uint64, tag = "1")]
    version: u64,
    #[prost(bytes = "vec", repeated, tag = "2")]
    revoked: Vec<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "3")]
    confirmed: Vec<Vec<u8>>,
    #[prost(bytes = "vec", tag = "4")]
    signature: Vec<u8>,
}

impl Revocations {
    /// Which list it is, counted from 1.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Who was revoked.
    pub fn revoked(&self) -> impl Iterator<Item = &AgentId> {
        self.revoked.iter()
    }

    /// Whether the root of a cluster has signed it.
    pub(crate) fn is_of(&self, cluster: ClusterId) -> bool {
        let signed = message_of(cluster, self.version, &self.revoked, &self.confirmed);
        has_signed(cluster.as_bytes(), &signed, &self.signature)
    }

    /// Whether an agent was revoked.
    pub(crate) fn has(&self, agent: &AgentId) -> bool {
        self.revoked.contains(agent)
    }

    /// Whether somebody is let in no more by what it shows: it was revoked, or admitted by somebody who was.
    pub(crate) fn forbids(&self, chain: &Chain) -> bool {
        for step in chain.steps() {
            if self.has(&step.agent) {
                return true;
            }
            // By whose word a confirmed one was let in does not matter any more.
            if self.confirmed.contains(&step.agent) {
                return false;
            }
        }
        false
    }

    /// As it is stored and told.
    pub fn pack(&self) -> Vec<u8> {
        let bytes = |agents: &BTreeSet<AgentId>| {
            Vec::from_iter(agents.iter().map(|its| its.as_bytes().to_vec()))
        };
        let message = RevocationsMessage {
            version: self.version,
            revoked: bytes(&self.revoked),
            confirmed: bytes(&self.confirmed),
            signature: self.signature.clone(),
        };
        message.encode_to_vec()
    }

    /// Reads one. Nothing is checked by that.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > REVOCATIONS_BYTES_MAX {
            return None;
        }
        let message = RevocationsMessage::decode(bytes).ok()?;
        if message.revoked.len() > REVOKED_MAX || message.confirmed.len() > CONFIRMED_MAX {
            return None;
        }
        let agents = |all: Vec<Vec<u8>>| {
            let agents = all.into_iter().map(|its| its.try_into().ok());
            let agents = agents.map(|its| its.map(AgentId::from_bytes));
            agents.collect::<Option<BTreeSet<_>>>()
        };
        Some(Self {
            version: message.version,
            revoked: agents(message.revoked)?,
            confirmed: agents(message.confirmed)?,
            signature: message.signature,
        })
    }
}

pub(super) fn message_of(
    cluster: ClusterId,
    version: u64,
    revoked: &BTreeSet<AgentId>,
    confirmed: &BTreeSet<AgentId>,
) -> Vec<u8> {
    let bytes = |agents: &BTreeSet<AgentId>| {
        Vec::from_iter(agents.iter().flat_map(|its| its.as_bytes().to_vec()))
    };
    let (revoked, confirmed) = (bytes(revoked), bytes(confirmed));
    let version = version.to_be_bytes();
    let parts: [&[u8]; 4] = [cluster.as_bytes(), &version, &revoked, &confirmed];
    message("gary revocations 1", &parts)
}

#[cfg(test)]
mod tests {
    use gary_promise::AgentKey;

    use super::*;
    use crate::cluster::{Role, RootKey};

    fn id(seed: u8) -> AgentId {
        AgentKey::from_seed(&[seed; 32]).id()
    }

    #[test]
    fn who_was_revoked_is_out_and_lets_in_nobody_new() {
        let root = RootKey::from_seed(&[1; 32]);
        let cluster = root.cluster();
        let first = Chain::first(root.admit(id(2), Role::Member));
        let admit = |agent| first.admit(&[2; 32], cluster, agent, Role::Member);
        let (old, new) = (admit(id(3)).expect("it may"), admit(id(4)).expect("it may"));
        let list = root.revoke(None, id(2), [id(3)]).expect("it is one");
        assert!(list.is_of(cluster) && list.version() == 1);
        assert!(list.forbids(&first) && !list.forbids(&old) && list.forbids(&new));
        // Whoever was confirmed admits on.
        let by_old = old.admit(&[3; 32], cluster, id(5), Role::Client);
        assert!(!list.forbids(&by_old.expect("it may")));
        // A later list has all that the earlier one had.
        let later = root.revoke(Some(&list), id(3), []).expect("it is one");
        // And nobody has the root sign what it has not.
        let forged = Revocations {
            confirmed: [id(9)].into(),
            ..list.clone()
        };
        assert_eq!(
            root.revoke(Some(&forged), id(3), []),
            Err(RevokeError::NotOurs)
        );
        assert!(later.version() == 2 && later.has(&id(2)) && later.forbids(&old));
    }

    #[test]
    fn is_read_as_it_was_packed_and_nobody_else_signs_it() {
        let root = RootKey::from_seed(&[1; 32]);
        let list = root.revoke(None, id(2), [id(3), id(4)]).expect("it is one");
        let read = Revocations::unpack(&list.pack()).expect("it is one");
        assert_eq!(read, list);
        let mut forged = read;
        forged.revoked.insert(id(3));
        assert!(!forged.is_of(root.cluster()));
        assert!(!list.is_of(RootKey::from_seed(&[9; 32]).cluster()));
        assert_eq!(Revocations::unpack(b"\xff"), None);
    }
}

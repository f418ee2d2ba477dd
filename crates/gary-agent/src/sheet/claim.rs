//! A sheet that somebody is said to have.

use gary_promise::{AgentId, Version};
use rand::Rng;

use super::peers::Peers;

/// The most peers of which it is remembered that they claim to have one sheet. Who comes later is
/// listened to when these turned out to have nothing.
const CLAIMS_MAX: usize = 3;

/// A peer says that it has a sheet in this version. It is a reason to ask and proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) by: AgentId,
    pub(super) version: Version,
}

/// Who claims to have a sheet that is wanted, and who was asked in vain.
#[derive(Debug)]
pub(super) struct Claims {
    owner: AgentId,
    open: Vec<Claim>,
    tried: Vec<AgentId>,
}

impl Claims {
    pub(super) fn new(owner: AgentId, claim: Claim) -> Self {
        Self {
            owner,
            open: vec![claim],
            tried: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, claim: Claim) {
        if let Some(known) = self.open.iter_mut().find(|known| known.by == claim.by) {
            known.version = known.version.max(claim.version);
        } else if self.open.len() < CLAIMS_MAX {
            self.open.push(claim);
        }
    }

    /// On whose word the sheet is asked for next; `None` where it is nobody's any more.
    pub(super) fn word(&self) -> Option<AgentId> {
        self.open.first().map(|claim| claim.by)
    }

    /// What it is that they say.
    pub(super) fn version(&self) -> Option<Version> {
        self.open.first().map(|claim| claim.version)
    }

    /// The next one to ask is this, if it is among them.
    pub(super) fn prefer(&mut self, by: AgentId) {
        if let Some(place) = self.open.iter().position(|claim| claim.by == by) {
            self.open.swap(0, place);
        }
    }

    /// Whom to ask next: who claims to have it, then the owner, then anybody.
    pub(super) fn whom(&self, peers: &Peers, rng: &mut impl Rng) -> Option<AgentId> {
        if let Some(word) = self.word() {
            return Some(word);
        }
        if peers.has(self.owner) && !self.tried.contains(&self.owner) {
            return Some(self.owner);
        }
        let any = peers.any(rng)?;
        (!self.tried.contains(&any)).then_some(any)
    }

    /// It was asked, when it claimed to have `claimed`, in vain.
    pub(super) fn disappoint(&mut self, asked: AgentId, claimed: Option<Version>) {
        self.close(asked, claimed);
        self.tried.push(asked);
    }

    /// The sheet was taken from `asked` in this version. Says whether somebody claims to have a later
    /// one.
    pub(super) fn settle(
        &mut self,
        asked: AgentId,
        claimed: Option<Version>,
        version: Version,
    ) -> bool {
        self.close(asked, claimed);
        self.open.retain(|claim| claim.version > version);
        !self.open.is_empty()
    }

    /// Whatever was claimed by then is done with. What it has said since is another matter.
    pub(super) fn close(&mut self, by: AgentId, claimed: Option<Version>) {
        self.open
            .retain(|claim| claim.by != by || Some(claim.version) > claimed);
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    use super::*;
    use crate::sheet::testing::version;

    const OWNER: AgentId = AgentId::from_bytes([0; 32]);

    fn claim(by: u8, sequence: u64) -> Claim {
        let (by, version) = (AgentId::from_bytes([by; 32]), version(sequence));
        Claim { by, version }
    }

    #[test]
    fn whoever_claims_is_asked_then_the_owner_then_anybody() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut peers = Peers::default();
        let other = AgentId::from_bytes([9; 32]);
        let mut claims = Claims::new(OWNER, claim(1, 5));
        claims.add(claim(2, 5));
        for by in [1, 2] {
            let by = AgentId::from_bytes([by; 32]);
            assert_eq!(claims.whom(&peers, &mut rng), Some(by));
            claims.disappoint(by, Some(version(5)));
        }
        assert_eq!(claims.whom(&peers, &mut rng), None);
        peers.insert(OWNER);
        assert_eq!(claims.whom(&peers, &mut rng), Some(OWNER));
        claims.disappoint(OWNER, None);
        peers.remove(OWNER);
        peers.insert(other);
        assert_eq!(claims.whom(&peers, &mut rng), Some(other));
    }

    #[test]
    fn a_claim_ends_when_it_is_met_or_was_false() {
        let mut claims = Claims::new(OWNER, claim(1, 100));
        claims.add(claim(2, 5));
        claims.add(claim(3, 7));
        claims.add(claim(4, 9));
        let first = AgentId::from_bytes([1; 32]);
        assert!(claims.settle(first, Some(version(100)), version(5)));
        assert_eq!(claims.open, [claim(3, 7)]);
        assert!(!claims.settle(first, None, version(7)));
    }

    #[test]
    fn what_a_peer_says_while_it_is_asked_is_not_forgotten() {
        let mut claims = Claims::new(OWNER, claim(1, 5));
        claims.add(claim(1, 6));
        let first = AgentId::from_bytes([1; 32]);
        assert!(claims.settle(first, Some(version(5)), version(5)));
        assert_eq!(claims.open, [claim(1, 6)]);
    }
}

//! Who is let in, and as what.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use gary_promise::{AgentId, ClusterId};
use gary_transport::{Doorkeeper, PeerKey};

use crate::clock::Clock;
use crate::cluster::{AdmissionError, Chain, Credentials, Revocations, Role};

/// The most peers of which it is remembered as what they were let in. Beyond that those are forgotten that were
/// only invited, and nobody else is heard.
const KNOWN_MAX: usize = 8_192;

/// Why somebody is let in no more.
const REVOKED: &str = "its admission was revoked";

/// As what a peer was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It belongs to the cluster.
    Admitted(Role),
    /// It comes with an invitation, and may be admitted as this.
    Invited(Role),
}

/// A peer that was let in.
#[derive(Debug)]
struct Known {
    standing: Standing,
    /// How it was admitted, where it was.
    chain: Option<Chain>,
}

/// Lets in who belongs to the cluster, and who comes with an invitation.
#[derive(Debug)]
pub(crate) struct Gate {
    cluster: ClusterId,
    seed: [u8; 32],
    presents: Credentials,
    known: Mutex<HashMap<PeerKey, Known>>,
    revocations: Mutex<Option<Arc<Revocations>>>,
}

impl Gate {
    /// Of an agent whose key is of this seed, and that presents this.
    pub(crate) fn new(cluster: ClusterId, seed: [u8; 32], presents: Credentials) -> Self {
        Self {
            cluster,
            seed,
            presents,
            known: Mutex::default(),
            revocations: Mutex::default(),
        }
    }

    /// Who was revoked, as far as it has heard.
    pub(crate) fn revocations(&self) -> Option<Arc<Revocations>> {
        lock(&self.revocations).clone()
    }

    /// Takes a list of those who were revoked, if the root has signed it and it is later than the one before. Says whose
    /// connections are to be ended then; nothing where it is not taken.
    pub(crate) fn take(&self, list: Revocations) -> Option<Vec<PeerKey>> {
        let mut revocations = lock(&self.revocations);
        let before = revocations.as_ref().map_or(0, |its| its.version());
        if list.version() <= before || !list.is_of(self.cluster) {
            return None;
        }
        let mut known = lock(&self.known);
        let is_out = |its: &Known| its.chain.as_ref().is_some_and(|chain| list.forbids(chain));
        let out = known.extract_if(|_, its| is_out(its));
        let out = Vec::from_iter(out.map(|(peer, _)| peer));
        *revocations = Some(Arc::new(list));
        Some(out)
    }

    /// Of which cluster it is.
    pub(crate) const fn cluster(&self) -> ClusterId {
        self.cluster
    }

    /// As what a peer was let in last.
    pub(crate) fn standing(&self, peer: PeerKey) -> Option<Standing> {
        lock(&self.known).get(&peer).map(|its| its.standing)
    }

    /// Whether it belongs to the cluster as a node: whoever does not has no say in it.
    pub(crate) fn is_member(&self, peer: PeerKey) -> bool {
        self.standing(peer) == Some(Standing::Admitted(Role::Member))
    }

    /// Admits a peer that was let in by an invitation.
    pub(crate) fn admit(&self, peer: PeerKey) -> Result<Chain, AdmissionError> {
        let Some(Standing::Invited(role)) = self.standing(peer) else {
            return Err(AdmissionError::NotTheirs);
        };
        let Credentials::Admitted(chain) = &self.presents else {
            return Err(AdmissionError::NotByAMember);
        };
        if self.is_revoked(&agent(peer)) {
            return Err(AdmissionError::NotTheirs);
        }
        let chain = chain.admit(&self.seed, self.cluster, agent(peer), role)?;
        self.note(
            peer,
            Known {
                standing: Standing::Admitted(role),
                chain: Some(chain.clone()),
            },
        );
        Ok(chain)
    }

    fn note(&self, peer: PeerKey, its: Known) {
        // Held for as long: a list that is taken meanwhile finds whoever is noted, or is found here.
        let revocations = lock(&self.revocations);
        let list = revocations.as_ref();
        if list.is_some_and(|list| its.chain.as_ref().is_some_and(|chain| list.forbids(chain))) {
            return;
        }
        let mut known = lock(&self.known);
        if known.len() >= KNOWN_MAX && !known.contains_key(&peer) {
            // Whoever holds a token can make up as many keys as it likes: they make room first.
            known.retain(|_, its| matches!(its.standing, Standing::Admitted(_)));
        }
        if known.len() < KNOWN_MAX || known.contains_key(&peer) {
            known.insert(peer, its);
        }
    }

    fn is_revoked(&self, agent: &AgentId) -> bool {
        self.revocations().is_some_and(|list| list.has(agent))
    }

    fn judge(&self, peer: PeerKey, presented: &[u8]) -> Result<Known, String> {
        let agent = agent(peer);
        let presented = Credentials::unpack(presented);
        match presented.ok_or("what was presented cannot be read")? {
            Credentials::Admitted(chain) => {
                let role = chain.check(self.cluster, agent);
                let role = role.map_err(|why| why.to_string())?;
                match self.revocations() {
                    Some(list) if list.forbids(&chain) => Err(REVOKED.to_owned()),
                    _ => Ok(Known {
                        standing: Standing::Admitted(role),
                        chain: Some(chain),
                    }),
                }
            }
            Credentials::Invited(_) if self.is_revoked(&agent) => Err(REVOKED.to_owned()),
            Credentials::Invited(invited) => invited
                .check(self.cluster, agent, Clock::wall())
                .map(|role| Known {
                    standing: Standing::Invited(role),
                    chain: None,
                })
                .map_err(|why| why.to_string()),
        }
    }
}

impl Doorkeeper for Gate {
    fn admits(&self, _peer: PeerKey) -> bool {
        true
    }

    fn credentials(&self, _peer: PeerKey) -> Bytes {
        self.presents.pack().into()
    }

    fn check<'a>(
        &'a self,
        peer: PeerKey,
        _address: SocketAddr,
        presented: &'a Bytes,
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let known = self.judge(peer, presented)?;
            self.note(peer, known);
            Ok(())
        })
    }
}

pub(crate) fn agent(peer: PeerKey) -> AgentId {
    AgentId::from_bytes(*peer.as_bytes())
}

pub(crate) fn key(agent: AgentId) -> PeerKey {
    PeerKey::new(*agent.as_bytes())
}

/// Nobody panics while it holds one of these, and if so, what is in them is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use gary_promise::{AgentKey, WallTime};

    use super::*;
    use crate::cluster::{RootKey, Token};

    const NODE: [u8; 32] = [2; 32];
    const COMER: [u8; 32] = [3; 32];

    #[test]
    fn who_is_revoked_comes_in_neither_by_an_admission_nor_by_a_token() {
        let root = RootKey::from_seed(&[1; 32]);
        let id = |seed: &[u8; 32]| AgentKey::from_seed(seed).id();
        let admitted = |seed| Chain::first(root.admit(id(seed), Role::Member));
        let presents = Credentials::Admitted(admitted(&NODE));
        let gate = Gate::new(root.cluster(), NODE, presents);
        let invitation = root.invite(&[9; 32], Role::Member, WallTime(u64::MAX));
        let token = Token::new(root.cluster(), [9; 32], invitation, []);
        let comer = key(id(&COMER));
        let ways = [
            Credentials::Admitted(admitted(&COMER)),
            Credentials::Invited(token.accept(id(&COMER))),
        ];
        for way in &ways {
            let known = gate.judge(comer, &way.pack()).expect("it is let in");
            gate.note(comer, known);
        }
        let chain = gate.admit(comer).expect("it was invited");
        assert!(gate.is_member(comer));

        let list = root.revoke(None, id(&COMER), []).expect("it is one");
        assert_eq!(gate.take(list.clone()), Some(vec![comer]));
        assert_eq!(gate.take(list), None, "it is no later one");
        assert!(!gate.is_member(comer));
        for way in &ways {
            assert!(gate.judge(comer, &way.pack()).is_err(), "{way:?}");
        }
        // Nor who was judged just before the list came.
        let known = Known {
            standing: Standing::Admitted(Role::Member),
            chain: Some(chain),
        };
        gate.note(comer, known);
        assert!(!gate.is_member(comer) && gate.admit(comer).is_err());
    }
}

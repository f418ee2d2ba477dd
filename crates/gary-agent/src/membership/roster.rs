//! Which identity of each agent stands.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use gary_promise::{AgentId, MemberId, Time};

use super::identity::is_cloned;
use crate::dense::dense;

/// Of how many agents is remembered where they were before others said that they are elsewhere. Of any more it
/// is not.
const ONCE_AT_MAX: usize = 1024;

/// Of how many agents is remembered that they contradicted what others said of them. Of any more it is not.
const CONTRADICTED_MAX: usize = 1024;

/// For how long after an agent contradicted what others said of it only its own word counts: longer than news
/// gets around, so that what was contradicted does not come back by way of those who have not heard yet.
const CONTRADICTED_FOR: Duration = Duration::from_secs(60);

/// The identity that stands for each agent that foca knows, there or not.
///
/// foca has it too, in a list without order. This is an index of that list, kept by what foca reports, so
/// that a packet can be judged before foca sees it. It also has what foca does not: whether an agent has
/// spoken under that identity itself, over a connection that proves who it is. What others say of an identity
/// is believed until the agent itself says otherwise.
#[derive(Debug, Default)]
pub(super) struct Roster {
    standing: BTreeMap<AgentId, Standing>,
    /// Where agents were before others said that they are elsewhere, until they speak from there.
    once_at: BTreeMap<AgentId, SocketAddr>,
    /// Until when only their own word counts of who they are.
    contradicted: BTreeMap<AgentId, Time>,
}

#[derive(Debug, Clone, Copy)]
struct Standing {
    id: MemberId,
    /// Whether the agent itself has spoken under it.
    is_vouched: bool,
}

impl Roster {
    /// The identity that stands for an agent.
    pub(super) fn get(&self, agent: &AgentId) -> Option<&MemberId> {
        self.standing.get(agent).map(|standing| &standing.id)
    }

    /// Whether an agent has spoken under the identity that stands for it.
    pub(super) fn is_vouched(&self, agent: &AgentId) -> bool {
        self.standing
            .get(agent)
            .is_some_and(|standing| standing.is_vouched)
    }

    /// foca knows this identity of its agent, and no other any more. Returns whether that is new.
    pub(super) fn learn(&mut self, id: MemberId) -> bool {
        let known = self.standing.get(&id.agent).copied();
        if known.is_some_and(|standing| standing.id == id) {
            return false;
        }
        if let Some(Standing { id: before, .. }) = known
            && before.address != id.address
            && !is_cloned(&before)
            && self.once_at.len() < ONCE_AT_MAX
        {
            self.once_at.entry(id.agent).or_insert(before.address);
        }
        let is_vouched = false;
        self.standing.insert(id.agent, Standing { id, is_vouched });
        true
    }

    /// An agent speaks under this identity.
    pub(super) fn vouch(&mut self, id: &MemberId) {
        if let Some(standing) = self.standing.get_mut(&id.agent)
            && standing.id == *id
        {
            standing.is_vouched = true;
            self.once_at.remove(&id.agent);
        }
    }

    /// Where an agent was before others said that it is elsewhere.
    pub(super) fn once_at(&self, agent: &AgentId) -> Option<SocketAddr> {
        self.once_at.get(agent).copied()
    }

    /// An agent has contradicted what others said of it.
    pub(super) fn contradict(&mut self, now: Time, agent: AgentId) {
        self.contradicted.retain(|_, until| *until > now);
        if self.contradicted.len() < CONTRADICTED_MAX {
            self.contradicted.insert(agent, now.after(CONTRADICTED_FOR));
        }
    }

    /// Whether an agent has lately contradicted what others said of it.
    pub(super) fn is_contradicted(&self, now: Time, agent: &AgentId) -> bool {
        self.contradicted
            .get(agent)
            .is_some_and(|until| *until > now)
    }

    /// foca has forgotten an agent.
    pub(super) fn forget(&mut self, agent: &AgentId) {
        self.standing.remove(agent);
        self.once_at.remove(agent);
    }

    /// Takes as little memory as it can.
    pub(super) fn pack(&mut self) {
        dense(&mut self.standing);
    }

    /// How many agents are known.
    pub(super) fn len(&self) -> usize {
        self.standing.len()
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &MemberId> {
        self.standing.values().map(|standing| &standing.id)
    }
}

//! Which identity of each agent stands.

use std::collections::BTreeMap;

use gary_promise::{AgentId, MemberId};

use crate::dense::dense;

/// The identity that stands for each agent that foca knows, there or not.
///
/// foca has it too, in a list without order. This is an index of that list, kept by what foca reports, so
/// that a packet can be judged before foca sees it.
#[derive(Debug, Default)]
pub(super) struct Roster {
    standing: BTreeMap<AgentId, MemberId>,
}

impl Roster {
    /// The identity that stands for an agent.
    pub(super) fn get(&self, agent: &AgentId) -> Option<&MemberId> {
        self.standing.get(agent)
    }

    /// foca knows this identity of its agent, and no other any more. Returns whether that is new.
    pub(super) fn learn(&mut self, id: MemberId) -> bool {
        self.standing.insert(id.agent, id) != Some(id)
    }

    /// foca has forgotten an agent.
    pub(super) fn forget(&mut self, agent: &AgentId) {
        self.standing.remove(agent);
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
    pub(super) fn all(&self) -> &BTreeMap<AgentId, MemberId> {
        &self.standing
    }
}

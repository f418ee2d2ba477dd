//! Whom there is to ask.

use gary_promise::AgentId;
use rand::{Rng, RngExt};

/// Members that are there, as far as is known.
#[derive(Debug, Default)]
pub(super) struct Peers {
    /// In order: one is drawn by its place, and found by its id.
    agents: Vec<AgentId>,
}

impl Peers {
    pub(super) fn insert(&mut self, agent: AgentId) {
        if let Err(place) = self.agents.binary_search(&agent) {
            self.agents.insert(place, agent);
        }
    }

    pub(super) fn remove(&mut self, agent: AgentId) {
        if let Ok(place) = self.agents.binary_search(&agent) {
            self.agents.remove(place);
        }
    }

    pub(super) fn has(&self, agent: AgentId) -> bool {
        self.agents.binary_search(&agent).is_ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }

    /// Any one of them, each as likely as the others; `None` where there is none.
    pub(super) fn any(&self, rng: &mut impl Rng) -> Option<AgentId> {
        if self.agents.is_empty() {
            return None;
        }
        Some(self.agents[rng.random_range(0..self.agents.len())])
    }
}

//! Who would not, and why.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{AgentId, Time, Why};

/// The most refusals that are remembered for a workload: one for each agent, the latest. Beyond, the
/// oldest is forgotten.
pub const REFUSALS_MAX: usize = 256;

/// For how long an agent that refused is not asked again. Free refusal costs it nothing: it is not asked
/// without end.
const RESTS: Duration = Duration::from_secs(5);

/// For how long an agent that is busy is not asked again: what it is busy with takes no longer, as a rule.
const BUSY_FOR: Duration = Duration::from_secs(1);

/// A refusal, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Why the agent would not.
    pub why: Why,
    /// When it said so.
    pub at: Time,
}

#[derive(Debug, Default)]
pub(super) struct Refusals(BTreeMap<AgentId, Remembered>);

impl Refusals {
    pub(super) fn remember(&mut self, agent: AgentId, why: Why, at: Time) {
        if !self.0.contains_key(&agent) && self.0.len() >= REFUSALS_MAX {
            let oldest = self.0.iter().min_by_key(|(_, its)| its.at);
            if let Some(oldest) = oldest.map(|(agent, _)| *agent) {
                self.0.remove(&oldest);
            }
        }
        self.0.insert(agent, Remembered { why, at });
    }

    /// It has offered since.
    pub(super) fn forget(&mut self, agent: &AgentId) {
        self.0.remove(agent);
    }

    pub(super) fn rests(&self, agent: &AgentId, now: Time) -> bool {
        let refused = self.0.get(agent);
        refused.is_some_and(|its| {
            let rests = if its.why == Why::Busy {
                BUSY_FOR
            } else {
                RESTS
            };
            now.since(its.at) < rests
        })
    }

    /// When an agent refused last.
    pub(super) fn at(&self, agent: &AgentId) -> Option<Time> {
        self.0.get(agent).map(|its| its.at)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&AgentId, &Remembered)> {
        self.0.iter()
    }
}

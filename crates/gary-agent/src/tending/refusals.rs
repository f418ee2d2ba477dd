//! Who would not, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::{AgentId, Time, Why};

/// The most refusals that are remembered for a workload: one for each agent, the latest. Beyond, the
/// oldest is forgotten.
pub const REFUSALS_MAX: usize = 256;

/// For how long an agent that refused is not asked again. Free refusal costs it nothing: it is not asked
/// without end.
const RESTS: Duration = Duration::from_secs(5);

/// For how long an agent that is busy is not asked again: what it is busy with takes no longer, as a rule.
pub(super) const BUSY_FOR: Duration = Duration::from_secs(1);

/// A refusal, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Why the agent would not.
    pub why: Why,
    /// When it said so.
    pub at: Time,
}

impl Remembered {
    fn rests_until(&self) -> Time {
        let rests = if self.why == Why::Busy {
            BUSY_FOR
        } else {
            RESTS
        };
        self.at.after(rests)
    }
}

#[derive(Debug, Default)]
pub(super) struct Refusals {
    all: BTreeMap<AgentId, Remembered>,
    /// Who of them had no room besides what they host, and was not asked for what takes its place.
    besides: BTreeSet<AgentId>,
}

impl Refusals {
    /// One would not; `is_besides` where it was asked only for what it has room for besides what it hosts.
    pub(super) fn remember(&mut self, agent: AgentId, why: Why, is_besides: bool, at: Time) {
        if !self.all.contains_key(&agent) && self.all.len() >= REFUSALS_MAX {
            let oldest = self.all.iter().min_by_key(|(_, its)| its.at);
            if let Some(oldest) = oldest.map(|(agent, _)| *agent) {
                self.forget(&oldest);
            }
        }
        match is_besides && matches!(why, Why::NoRoom { .. }) {
            true => self.besides.insert(agent),
            false => self.besides.remove(&agent),
        };
        self.all.insert(agent, Remembered { why, at });
    }

    /// It has offered since.
    pub(super) fn forget(&mut self, agent: &AgentId) {
        self.all.remove(agent);
        self.besides.remove(agent);
    }

    /// It has more room now, or soon: it may be asked again, if it was for want of room that it would not.
    pub(super) fn has_room(&mut self, agent: &AgentId) {
        if self.is_for_room(agent) {
            self.forget(agent);
        }
    }

    /// Its machine has another capacity than when it refused: it may be asked again, if it was for what its machine has
    /// or is that it would not.
    pub(super) fn handle_capacity(&mut self, agent: &AgentId) {
        let refused = self.all.get(agent);
        if refused.is_some_and(|its| matches!(its.why, Why::Misfit(_))) {
            self.forget(agent);
        }
        self.has_room(agent);
    }

    pub(super) fn rests(&self, agent: &AgentId, now: Time) -> bool {
        self.all
            .get(agent)
            .is_some_and(|its| its.rests_until() > now)
    }

    /// Whether it rests also from what would take the place of what it hosts.
    pub(super) fn rests_in_place(&self, agent: &AgentId, now: Time) -> bool {
        self.rests(agent, now) && !self.besides.contains(agent)
    }

    /// When the first of those can be asked again who were still busy at this time.
    pub(super) fn busy_until(&self, since: Time) -> Option<Time> {
        let busy = self.all.values().filter(|its| its.why == Why::Busy);
        let until = busy.map(Remembered::rests_until);
        until.filter(|until| *until > since).min()
    }

    /// Whether an agent, if it has refused, did so for want of room.
    pub(super) fn is_for_room(&self, agent: &AgentId) -> bool {
        let refused = self.all.get(agent);
        refused.is_none_or(|its| matches!(its.why, Why::NoRoom { .. } | Why::Busy))
    }

    /// When an agent refused last.
    pub(super) fn at(&self, agent: &AgentId) -> Option<Time> {
        self.all.get(agent).map(|its| its.at)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&AgentId, &Remembered)> {
        self.all.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(number: usize) -> AgentId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
        AgentId::from_bytes(bytes)
    }

    #[test]
    fn whoever_refused_rests_until_it_is_asked_again_or_offers() {
        let mut refusals = Refusals::default();
        let at = Time::from_us(1_000_000);
        refusals.remember(agent(1), Why::Declined, false, at);
        assert!(refusals.rests(&agent(1), at) && !refusals.rests(&agent(2), at));
        assert!(!refusals.rests(&agent(1), at.after(RESTS)));
        refusals.forget(&agent(1));
        assert!(!refusals.rests(&agent(1), at));
    }

    #[test]
    fn only_so_many_are_remembered_and_the_oldest_is_forgotten() {
        let mut refusals = Refusals::default();
        for number in 0..REFUSALS_MAX + 5 {
            refusals.remember(
                agent(number),
                Why::Busy,
                false,
                Time::from_us(number as u64),
            );
        }
        let known: Vec<_> = refusals.iter().map(|(agent, _)| *agent).collect();
        assert_eq!(
            (known.len(), known.first()),
            (REFUSALS_MAX, Some(&agent(5)))
        );
    }
}

//! What this agent expects of others, from what it has seen of them itself.

use std::collections::BTreeMap;

use gary_promise::AgentId;

/// The most agents that are remembered. Beyond, the one that least is known of is forgotten.
pub const TRUSTED_MAX: usize = 16_384;

/// Past experience counts half after as many experiences more, so that an agent can mend its name.
pub const HALF_LIFE: u32 = 64;

/// What this agent expects of others: its own, and nobody else's. Others' reports do not enter.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    seen: BTreeMap<AgentId, Seen>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    kept: u32,
    broken: u32,
}

impl Trust {
    /// A promise of the agent's has been kept for a while.
    pub(crate) fn kept(&mut self, agent: AgentId) {
        self.add(agent, 1, 0);
    }

    /// A promise of the agent's was broken.
    pub(crate) fn broken(&mut self, agent: AgentId) {
        self.add(agent, 0, 1);
    }

    /// How likely the agent is to keep its next promise, in thousandths: by the rule of succession, so
    /// that a stranger stands in the middle. (Laplace, 1774.)
    pub(crate) fn expected(&self, agent: &AgentId) -> u32 {
        let seen = self.seen.get(agent).copied().unwrap_or_default();
        1000 * (seen.kept + 1) / (seen.kept + seen.broken + 2)
    }

    fn add(&mut self, agent: AgentId, kept: u32, broken: u32) {
        if !self.seen.contains_key(&agent) && self.seen.len() >= TRUSTED_MAX {
            let least = self
                .seen
                .iter()
                .min_by_key(|(_, seen)| seen.kept + seen.broken);
            if let Some(least) = least.map(|(agent, _)| *agent) {
                self.seen.remove(&least);
            }
        }
        let seen = self.seen.entry(agent).or_default();
        if seen.kept + seen.broken >= HALF_LIFE {
            seen.kept /= 2;
            seen.broken /= 2;
        }
        seen.kept += kept;
        seen.broken += broken;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_earned_and_can_be_mended() {
        let (steady, flaky) = (AgentId::from_bytes([1; 32]), AgentId::from_bytes([2; 32]));
        let mut trust = Trust::default();
        assert_eq!(trust.expected(&steady), 500);
        for _ in 0..20 {
            trust.kept(steady);
            trust.broken(flaky);
        }
        assert!(trust.expected(&steady) > 900 && trust.expected(&flaky) < 100);
        for _ in 0..2 * HALF_LIFE {
            trust.kept(flaky);
        }
        assert!(trust.expected(&flaky) > 800);
    }

    #[test]
    fn two_observers_with_different_histories_expect_different_things() {
        let agent = AgentId::from_bytes([1; 32]);
        let (mut one, mut other) = (Trust::default(), Trust::default());
        one.kept(agent);
        other.broken(agent);
        assert!(one.expected(&agent) > other.expected(&agent));
    }
}

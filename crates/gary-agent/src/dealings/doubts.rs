//! Agents that others take for dead, until this one has asked them itself.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{AgentId, Time};

/// How long an agent that is taken for dead has to answer before this agent believes it. The membership goes by
/// what any member says, and one peer's false word alone must change no judgement.
pub const ANSWERS_DOUBT_WITHIN: Duration = Duration::from_millis(250);

/// Agents that were asked whether they are still there. There are no more of them than this agent deals with.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    ends_at: BTreeMap<AgentId, Time>,
    /// Who is to be asked.
    unasked: Vec<AgentId>,
}

impl Doubts {
    /// An agent is taken for dead, and is to be asked.
    pub(super) fn begin(&mut self, now: Time, agent: AgentId) {
        self.ends_at
            .entry(agent)
            .or_insert_with(|| now.after(ANSWERS_DOUBT_WITHIN));
        self.unasked.push(agent);
    }

    /// It was heard, or is there after all.
    pub(super) fn end(&mut self, agent: &AgentId) {
        self.ends_at.remove(agent);
    }

    /// Whom to ask next.
    pub(super) fn next_unasked(&mut self) -> Option<AgentId> {
        self.unasked.pop()
    }

    /// Somebody who was asked and did not answer in time.
    pub(super) fn confirmed(&mut self, now: Time) -> Option<AgentId> {
        let (agent, _) = self.ends_at.iter().find(|(_, at)| **at <= now)?;
        let agent = *agent;
        self.ends_at.remove(&agent);
        Some(agent)
    }

    pub(super) fn due_at(&self) -> Option<Time> {
        self.ends_at.values().copied().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_answers_in_time_is_not_believed_to_be_dead() {
        let [one, other] = [1, 2].map(|number| AgentId::from_bytes([number; 32]));
        let now = Time::from_us(1_000_000);
        let mut doubts = Doubts::default();
        doubts.begin(now, one);
        doubts.begin(now, other);
        assert_eq!(doubts.next_unasked(), Some(other));
        assert_eq!(doubts.next_unasked(), Some(one));
        assert_eq!(doubts.confirmed(now), None);
        doubts.end(&one);
        let due_at = now.after(ANSWERS_DOUBT_WITHIN);
        assert_eq!(doubts.due_at(), Some(due_at));
        assert_eq!(doubts.confirmed(due_at), Some(other));
        assert_eq!((doubts.confirmed(due_at), doubts.due_at()), (None, None));
    }

    #[test]
    fn to_be_told_again_gives_nobody_more_time() {
        let agent = AgentId::from_bytes([1; 32]);
        let mut doubts = Doubts::default();
        doubts.begin(Time::from_us(0), agent);
        let later = Time::from_us(100_000);
        doubts.begin(later, agent);
        assert_eq!(
            doubts.due_at(),
            Some(Time::from_us(0).after(ANSWERS_DOUBT_WITHIN))
        );
    }
}

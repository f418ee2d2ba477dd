//! Agents that others take for dead, until this one has asked them itself.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{AgentId, Time};

/// How long an agent that is taken for dead has to answer before this agent believes it. The membership goes by
/// what any member says, and one peer's false word alone must change no judgement.
pub const ANSWERS_DOUBT_WITHIN: Duration = Duration::from_millis(250);

/// How soon an agent is asked again that answered and is still taken for dead: what it said proves nothing of later.
const ASKS_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Agents that others take for dead. There are no more of them than this agent deals with.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    doubted: BTreeMap<AgentId, Doubt>,
    /// Who is to be asked.
    unasked: Vec<AgentId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// It was asked, and has until then.
    Asked { until: Time },
    /// It has answered, and is asked again then.
    Answered { again_at: Time },
}

impl Doubts {
    /// An agent is taken for dead, and is to be asked.
    pub(super) fn begin(&mut self, now: Time, agent: AgentId) {
        if !self.doubted.contains_key(&agent) {
            self.ask(now, agent);
        }
    }

    /// It was heard itself.
    pub(super) fn answered(&mut self, now: Time, agent: &AgentId) {
        if let Some(doubt @ Doubt::Asked { .. }) = self.doubted.get_mut(agent) {
            let again_at = now.after(ASKS_AGAIN_AFTER);
            *doubt = Doubt::Answered { again_at };
        }
    }

    /// Nobody takes it for dead any more.
    pub(super) fn end(&mut self, agent: &AgentId) {
        self.doubted.remove(agent);
    }

    /// Whom to ask next.
    pub(super) fn next_unasked(&mut self) -> Option<AgentId> {
        self.unasked.pop()
    }

    /// Those who were asked and did not answer in time. Who has to be asked again is.
    pub(super) fn handle_timeout(&mut self, now: Time) -> Vec<AgentId> {
        let due = self.doubted.iter().filter(|(_, its)| its.due_at() <= now);
        let due: Vec<(AgentId, Doubt)> = due.map(|(agent, its)| (*agent, *its)).collect();
        let mut gone = Vec::new();
        for (agent, doubt) in due {
            match doubt {
                Doubt::Asked { .. } => {
                    self.doubted.remove(&agent);
                    gone.push(agent);
                }
                Doubt::Answered { .. } => self.ask(now, agent),
            }
        }
        gone
    }

    pub(super) fn due_at(&self) -> Option<Time> {
        self.doubted.values().map(|its| its.due_at()).min()
    }

    fn ask(&mut self, now: Time, agent: AgentId) {
        let until = now.after(ANSWERS_DOUBT_WITHIN);
        self.doubted.insert(agent, Doubt::Asked { until });
        self.unasked.push(agent);
    }
}

impl Doubt {
    const fn due_at(self) -> Time {
        match self {
            Self::Asked { until } => until,
            Self::Answered { again_at } => again_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(number: u8) -> AgentId {
        AgentId::from_bytes([number; 32])
    }

    #[test]
    fn who_answers_in_time_is_not_believed_to_be_dead_and_is_asked_again() {
        let now = Time::from_us(1_000_000);
        let mut doubts = Doubts::default();
        doubts.begin(now, agent(1));
        doubts.begin(now, agent(2));
        assert_eq!(doubts.next_unasked(), Some(agent(2)));
        assert_eq!(doubts.next_unasked(), Some(agent(1)));
        assert!(doubts.handle_timeout(now).is_empty());
        doubts.answered(now, &agent(1));
        let due_at = now.after(ANSWERS_DOUBT_WITHIN);
        assert_eq!(doubts.due_at(), Some(due_at));
        assert_eq!(doubts.handle_timeout(due_at), [agent(2)]);

        let again_at = now.after(ASKS_AGAIN_AFTER);
        assert_eq!(doubts.due_at(), Some(again_at));
        assert!(doubts.handle_timeout(again_at).is_empty());
        assert_eq!(doubts.next_unasked(), Some(agent(1)));
        let due_at = again_at.after(ANSWERS_DOUBT_WITHIN);
        assert_eq!(doubts.handle_timeout(due_at), [agent(1)]);
        assert_eq!(doubts.due_at(), None);
    }

    #[test]
    fn who_is_there_after_all_is_asked_no_more() {
        let mut doubts = Doubts::default();
        doubts.begin(Time::from_us(0), agent(1));
        // To be told again gives it no more time.
        doubts.begin(Time::from_us(100_000), agent(1));
        let due_at = Time::from_us(0).after(ANSWERS_DOUBT_WITHIN);
        assert_eq!(doubts.due_at(), Some(due_at));
        doubts.end(&agent(1));
        assert!(doubts.handle_timeout(due_at).is_empty());
    }
}

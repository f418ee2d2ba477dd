//! Who is there, as the membership tells and as this agent finds out itself.

use gary_promise::{AgentId, Time};

use super::machine::Dealings;
use crate::voice::Speech;

impl<C: Speech> Dealings<C> {
    /// Something was heard from an agent itself, whatever it says: it is there.
    pub fn handle_sign_of_life(&mut self, now: Time, from: &AgentId) {
        self.doubts.answered(self.waking(now), from);
    }

    /// Whom to ask whether it is still there. Any answer will do.
    pub fn poll_doubt(&mut self) -> Option<AgentId> {
        self.doubts.next_unasked()
    }

    /// An agent is there, or is not any more, as far as the membership tells. That it is not, this agent believes
    /// of those it depends on once it has [asked](Self::poll_doubt) them itself.
    pub fn handle_liveness(&mut self, now: Time, agent: AgentId, is_up: bool) {
        self.wake(now);
        self.candidates.set_up(agent, is_up);
        if is_up {
            self.doubts.end(&agent);
            self.hosting
                .handle_liveness(now, agent, true, &mut self.voice);
            // Each may have missed what the other has said meanwhile, and mends it by what stands.
            if self.hosting.hosts_for(&agent) {
                self.hosting.renew_to(now, agent, &mut self.voice);
            }
            let (custody, mut parts) = self.custody(now);
            custody.show_all(agent, &mut parts);
            custody.handle_fellow(&agent, &mut parts);
            self.settle(now);
            return;
        }
        let (custody, mut parts) = self.custody(now);
        custody.handle_fellow(&agent, &mut parts);
        if self.hosting.hosts_for(&agent) || self.tending.counts_on(&agent) {
            self.doubts.begin(self.waking(now), agent);
        }
        self.settle(now);
    }

    /// An agent that this one depends on cannot be reached.
    pub(super) fn lose(&mut self, now: Time, agent: AgentId) {
        let waking = self.waking(now);
        self.tending.handle_lost(waking, &agent, &mut self.random);
        self.hosting
            .handle_liveness(now, agent, false, &mut self.voice);
    }
}

//! What persons have kept by several agents.

use std::collections::BTreeSet;

use gary_promise::{AgentId, Promise, PromiseId, Settlement, Signed, Time, Verified, WorkloadName};
use rand::rngs::ChaCha8Rng;

use super::machine::Dealings;
use crate::candidates::Considers;
use crate::custody::{Custody, Intent, Parts};
use crate::tending::{DeployError, check_exclusive};
use crate::voice::Speech;

impl<C: Speech> Dealings<C> {
    /// A person has a workload kept by several agents: what becomes of the intent, [`Dealings::poll_settlement`] tells.
    ///
    /// # Errors
    ///
    /// When it is refused; then nothing has changed.
    pub fn submit(&mut self, now: Time, intent: Signed<Promise>) -> Result<PromiseId, DeployError> {
        let promise: Verified<Promise> = self.voice.verify(intent)?;
        let (id, owner) = (promise.id(), promise.by());
        if !self.considers(owner) {
            return Err(DeployError::NotConsidered { owner });
        }
        if self.drained.is_some() && self.candidates.considering_count() == 0 {
            return Err(DeployError::Drained);
        }
        check_exclusive(&promise)?;
        let found = promise.body().notation();
        let intent = Intent::of(promise).ok_or(DeployError::NotAnIntent { found })?;
        self.wake(now);
        let (custody, mut parts) = self.custody(now);
        custody.submit(intent, &mut parts)?;
        self.settle(now);
        Ok(id)
    }

    /// Tends what was chosen of the registers that it keeps.
    pub(super) fn take_over_chosen(&mut self, now: Time) {
        while let Some(chosen) = self.custody.poll_chosen() {
            self.forget_grants(&chosen.intent);
            let waking = self.waking(now);
            if chosen.keepers.has(&self.id()) {
                self.tending.entrust(waking, chosen, &mut self.voice);
            } else if let Some(workload) = chosen.intent.workload() {
                self.tending.hand_over(&workload, &mut self.voice);
            }
        }
    }

    /// What has become of an intent that a person submitted here, once all that it follows from is stored.
    pub fn poll_settlement(&mut self) -> Option<Settlement> {
        self.custody.poll_settlement(self.voice.stored())
    }

    /// What an agent is to custody has changed: whom it looks at, and under which names it keeps something.
    pub(super) fn handle_shown(
        &mut self,
        now: Time,
        agent: AgentId,
        considers: Option<Considers>,
        names: &BTreeSet<WorkloadName>,
    ) {
        let (custody, mut parts) = self.custody(now);
        if considers == Some(Considers::Ceases) {
            custody.handle_departure(&mut parts);
        }
        custody.handle_members(&mut parts);
        if considers.is_some() {
            custody.handle_fellow(&agent, &mut parts);
        }
        custody.handle_names(agent, names, &mut parts);
    }

    /// The registers, and what they are worked with.
    pub(super) fn custody(&mut self, now: Time) -> (&mut Custody, Parts<'_, C, ChaCha8Rng>) {
        let parts = Parts {
            now,
            waking: self.waking.read(now),
            candidates: &self.candidates,
            keepers: &self.keepers,
            has_room: self.tending.has_room(),
            voice: &mut self.voice,
            random: &mut self.random,
        };
        (&mut self.custody, parts)
    }
}

//! What persons have kept by several agents.

use gary_promise::{
    AgentId, Body, Promise, PromiseId, Settlement, Signed, Time, Verified, Withdrawal, WorkloadName,
};
use rand::rngs::ChaCha8Rng;

use super::machine::Dealings;
use crate::candidates::Considers;
use crate::custody::{
    Acknowledgement, Custody, Intent, Namesakes, Parts, PendingIntent, RecoverError, Recovery,
    RecoveryId,
};
use crate::tending::{DeployError, check_intent};
use crate::voice::{Speech, Unverified};

/// A pending intent was not withdrawn. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WithdrawError {
    /// Somebody else signed it, or it cannot be read.
    #[error(transparent)]
    Refused(#[from] Unverified),
    /// Nothing that it takes back is pending here.
    #[error("this node holds no pending intent that this withdraws")]
    NotPending,
}

impl<C: Speech> Dealings<C> {
    /// A person has a workload kept by several agents: what becomes of the intent, [`Dealings::poll_settlement`] tells. Where
    /// it is told that this is not known, and a [local](Acknowledgement::Local) acknowledgement was asked for, the intent is
    /// [pending](Dealings::pending) from then on, and it is told once more when it is settled.
    ///
    /// # Errors
    ///
    /// When it is refused; then nothing has changed.
    pub fn submit(
        &mut self,
        now: Time,
        intent: Signed<Promise>,
        acknowledgement: Acknowledgement,
    ) -> Result<PromiseId, DeployError> {
        let promise: Verified<Promise> = self.voice.verify(intent)?;
        let (id, owner) = (promise.id(), promise.by());
        if !self.considers(owner) {
            return Err(DeployError::NotConsidered { owner });
        }
        if self.drained.is_some() && self.candidates.considering_count() == 0 {
            return Err(DeployError::Drained);
        }
        check_intent(&promise)?;
        let found = promise.body().notation();
        let intent = Intent::of(promise).ok_or(DeployError::NotAnIntent { found })?;
        self.wake(now);
        let (custody, mut parts) = self.custody(now);
        custody.submit(intent, acknowledgement, &mut parts)?;
        self.settle(now);
        Ok(id)
    }

    /// What persons have left with this agent until a majority of its keepers can be reached, and what was refused then.
    pub fn pending(&self) -> impl Iterator<Item = PendingIntent> {
        self.custody.pending()
    }

    /// One of [those](Self::pending), as its owner signed it.
    pub fn pending_intent(&self, intent: &PromiseId) -> Option<&Verified<Promise>> {
        self.custody.pending_intent(intent)
    }

    /// The owner of a pending intent takes it back: it is not proposed any more. What a minority of keepers has voted for by
    /// then may still come to be kept.
    ///
    /// # Errors
    ///
    /// When it is not its owner's word, or nothing of that is pending here; then nothing has changed.
    pub fn withdraw_pending(
        &mut self,
        now: Time,
        withdrawal: Signed<Withdrawal>,
    ) -> Result<(), WithdrawError> {
        let withdrawal = self.voice.verify(withdrawal)?;
        self.wake(now);
        let (custody, mut parts) = self.custody(now);
        let was_here = custody.withdraw(&withdrawal, &mut parts);
        self.settle(now);
        was_here.then_some(()).ok_or(WithdrawError::NotPending)
    }

    /// A person has seen that a pending intent was refused, and it need not be shown any more. Says whether one was.
    pub fn dismiss_refused(&mut self, now: Time, intent: PromiseId) -> bool {
        self.wake(now);
        let (custody, mut parts) = self.custody(now);
        let was_refused = custody.dismiss_refused(&intent, &mut parts);
        self.settle(now);
        was_refused
    }

    /// What a person has to know before it recovers a name that this agent has kept, since a majority of those who keep it
    /// is gone for good.
    ///
    /// # Errors
    ///
    /// When it cannot be recovered here, or need not be.
    pub fn assess_recovery(&self, name: &WorkloadName) -> Result<Recovery, RecoverError> {
        self.custody.assess_recovery(name, &self.candidates)
    }

    /// A person recovers a name, by what it has [assessed](Self::assess_recovery) and with what is to stand from then on: an
    /// update to the generation that it was told. [`Dealings::poll_settlement`] tells once it is committed.
    ///
    /// # Errors
    ///
    /// When it is not done; then nothing has changed.
    pub fn recover(
        &mut self,
        now: Time,
        id: &RecoveryId,
        intent: Signed<Promise>,
    ) -> Result<PromiseId, RecoverError> {
        let promise: Verified<Promise> = self.voice.verify(intent)?;
        let (intent_id, owner) = (promise.id(), promise.by());
        if !self.considers(owner) {
            return Err(RecoverError::NotConsidered { owner });
        }
        let name = id.name.clone();
        let not_allowed = RecoverError::NotAllowed { by: owner, name };
        let intent = Intent::of(promise).ok_or(not_allowed)?;
        self.wake(now);
        let (custody, mut parts) = self.custody(now);
        custody.recover(id, intent, &mut parts)?;
        self.settle(now);
        Ok(intent_id)
    }

    /// Tends what was chosen of the registers that it keeps.
    pub(super) fn take_over_chosen(&mut self, now: Time) {
        while let Some(chosen) = self.custody.poll_chosen() {
            self.forget_grants(&chosen.intent);
            let waking = self.waking(now);
            if let (Body::Use(wanted), Some(workload)) =
                (chosen.intent.body(), chosen.intent.workload())
            {
                self.tending.supersede(waking, &wanted.name, &workload);
            }
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

    /// Workloads of one name that were founded apart: each goes on until somebody deletes it.
    pub fn namesakes(&self) -> Vec<Namesakes> {
        self.custody.namesakes(&self.keepers)
    }

    /// What an agent is to custody has changed: whom it looks at, and under which names it keeps something or, `given_up`,
    /// nothing any more.
    pub(super) fn handle_shown(
        &mut self,
        now: Time,
        agent: AgentId,
        considers: Option<Considers>,
        given_up: &[WorkloadName],
    ) {
        let (custody, mut parts) = self.custody(now);
        if considers == Some(Considers::Ceases) {
            custody.handle_departure(&mut parts);
        }
        custody.handle_members(&mut parts);
        if considers.is_some() {
            custody.handle_fellow(&agent, &mut parts);
        }
        custody.handle_given_up(&agent, given_up, &mut parts);
        custody.handle_names(agent, &mut parts);
    }

    /// The registers, and what they are worked with.
    pub(super) fn custody(&mut self, now: Time) -> (&mut Custody, Parts<'_, C, ChaCha8Rng>) {
        let parts = Parts {
            now,
            waking: self.waking.read(now),
            candidates: &self.candidates,
            keepers: &self.keepers,
            tending: &self.tending,
            voice: &mut self.voice,
            random: &mut self.random,
        };
        (&mut self.custody, parts)
    }
}

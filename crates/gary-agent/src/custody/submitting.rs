//! What persons submit, what other nodes pass on, and what becomes of either.

use std::collections::BTreeSet;

use gary_promise::{
    AgentId, Frame, Promise, PromiseId, Settlement, Submission, Time, Verdict, Verified,
    Withdrawal, WorkloadName,
};
use rand::Rng;

use super::kept::Intent;
use super::machine::{Custody, Parts, SETTLES_WITHIN};
use super::passing::Next;
use super::pending::{Acknowledgement, PENDING_LOOKS_AFTER, PendingIntent, WasPending};
use super::wanted::{Asker, Submitted, Wanted};
use crate::hosting::Order;
use crate::refused::Fault;
use crate::tending::DeployError;
use crate::voice::{Speech, Voice, WriteId};

impl Custody {
    /// A person submits an intent. What becomes of it is told by [`Custody::poll_settlement`].
    ///
    /// # Errors
    ///
    /// When it is not taken; then nothing has changed.
    pub(crate) fn submit<C: Speech>(
        &mut self,
        intent: Intent,
        acknowledgement: Acknowledgement,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), DeployError> {
        if let Some(set_back) = self.set_back() {
            return Err(DeployError::SetBack(*set_back));
        }
        let id = intent.promise().id();
        if acknowledgement == Acknowledgement::Local {
            if !self.pending.has_room(&id) {
                return Err(DeployError::TooManyPending);
            }
            if parts.voice.is_behind() {
                return Err(DeployError::Full);
            }
            self.pending.submit(intent.clone(), (self.epoch, parts.now));
        }
        self.pending.ask(&id, parts.now);
        let waits =
            acknowledgement == Acknowledgement::Local && self.pending.waits_for_another(&intent);
        let proposed = match waits {
            true => Ok(()),
            false => self.propose(intent, parts),
        };
        match proposed {
            Ok(()) if !waits => return Ok(()),
            // It knows no keeper now, and may once it finds those that it knew.
            Ok(()) | Err(DeployError::Unacquainted { .. })
                if acknowledgement == Acknowledgement::Local => {}
            refused => {
                self.pending.abandon(&id, parts.now);
                return refused;
            }
        }
        self.tell_person(id, Verdict::Unsettled, parts);
        Ok(())
    }

    /// Has an intent of a person's kept, by its own vote and others', or by way of those who keep its name.
    fn propose<C: Speech>(
        &mut self,
        intent: Intent,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), DeployError> {
        self.acquaint(parts.voice);
        let Some(keepers) = self.keepers(&intent, parts) else {
            return Err(DeployError::Unacquainted {
                known: parts.candidates.considering_count(),
                before: self.acquaintance.count(),
            });
        };
        if self.passing.is_full() || !self.has_room(intent.name(), parts) || parts.voice.is_behind()
        {
            return Err(DeployError::Full);
        }
        if keepers.has(&self.me) {
            self.want(intent, Asker::Person, keepers, parts);
            return Ok(());
        }
        let until = parts.now.after(SETTLES_WITHIN);
        let id = intent.promise().id();
        let begun = {
            let is_up = |its: &AgentId| parts.candidates.is_up(its);
            self.passing
                .begin(parts.now, until, (id, intent), keepers, is_up)
        };
        if let Some(first) = begun {
            self.pass_on(&id, first, parts.voice);
        }
        Ok(())
    }

    fn pass_on<C: Speech>(&self, id: &PromiseId, to: AgentId, voice: &mut Voice<C, Order>) {
        let Some(passed_on) = self.passing.get(id) else {
            return;
        };
        let intent = passed_on.intent.promise().signed().clone();
        voice.say(to, Frame::Submission(Box::new(Submission { intent })));
    }

    /// Another node passes an intent on.
    pub(crate) fn handle_submission<C: Speech>(
        &mut self,
        from: AgentId,
        submission: Submission,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), Fault> {
        let promise = parts.voice.verify(submission.intent)?;
        let intent = Intent::of(promise).ok_or(Fault::OutOfPlace)?;
        self.acquaint(parts.voice);
        // Whoever asks tries another if this agent cannot say.
        let Some(keepers) = self.keepers(&intent, parts) else {
            return Ok(());
        };
        if !self.has_room(intent.name(), parts) || parts.voice.is_behind() {
            return Ok(());
        }
        if !keepers.has(&self.me) {
            let settlement = Settlement {
                intent: intent.promise().id(),
                verdict: Verdict::Elsewhere(keepers),
            };
            let settlement = Frame::Settlement(Box::new(settlement));
            parts.voice.say(from, settlement);
            return Ok(());
        }
        self.want(intent, Asker::Node(from), keepers, parts);
        Ok(())
    }

    /// A keeper tells what has become of an intent that was passed on to it.
    pub(crate) fn handle_settlement<C: Speech>(
        &mut self,
        from: AgentId,
        settlement: Settlement,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), Fault> {
        let id = settlement.intent;
        let passed_on = self.passing.get(&id).ok_or(Fault::Unasked)?;
        if !passed_on.keepers.has(&from) {
            return Err(Fault::Unasked);
        }
        if let Verdict::Elsewhere(keepers) = &settlement.verdict {
            let is_up = |its: &AgentId| parts.candidates.is_up(its);
            if let Some(first) = self.passing.redirect(&id, keepers, is_up) {
                self.pass_on(&id, first, parts.voice);
            }
            return Ok(());
        }
        let Some(ended) = self.passing.end(&id) else {
            return Err(Fault::Unasked);
        };
        let generation = ended.intent.generation();
        let verdict = match settlement.verdict {
            // What one of them refuses for now, another might still come to see kept.
            Verdict::NameTaken(_) | Verdict::NotKept if ended.is_with_several => Verdict::Unsettled,
            Verdict::Conflict(now) if ended.is_with_several && now < generation => {
                Verdict::Unsettled
            }
            verdict => verdict,
        };
        self.tell_person(settlement.intent, verdict, parts);
        Ok(())
    }

    /// Tells those who want to know what has become of an intent. Where others keep its name, its node asks them.
    pub(super) fn settle<C: Speech>(
        &mut self,
        name: &WorkloadName,
        wanted: Wanted,
        verdict: &Verdict,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let submitted = match wanted {
            Wanted::Intent(submitted) => submitted,
            Wanted::Keepers(_) => return self.note_succession(name, verdict, parts),
            Wanted::Run(change) => return self.settle_run(&change, verdict, parts.voice),
        };
        let Submitted {
            intent,
            askers,
            until,
        } = *submitted;
        let id = intent.promise().id();
        for asker in askers {
            match (asker, verdict) {
                (Asker::Person, Verdict::Elsewhere(keepers)) if !self.passing.is_full() => {
                    let (passed_on, keepers) = ((id, intent.clone()), keepers.clone());
                    let is_up = |its: &AgentId| parts.candidates.is_up(its);
                    let now = parts.now;
                    let begun = self.passing.begin(now, until, passed_on, keepers, is_up);
                    if let Some(first) = begun {
                        // It may have been voted for here.
                        self.passing.is_with_several(&id);
                        self.pass_on(&id, first, parts.voice);
                    }
                }
                (Asker::Person, _) => self.tell_person(id, verdict.clone(), parts),
                (Asker::Node(node), _) => {
                    let (intent, verdict) = (id, verdict.clone());
                    let settlement = Box::new(Settlement { intent, verdict });
                    parts.voice.say(node, Frame::Settlement(settlement));
                }
            }
        }
    }

    /// A person is to hear what has become of an intent, unless it is pending here and stays so.
    pub(super) fn tell_person<C: Speech>(
        &mut self,
        intent: PromiseId,
        verdict: Verdict,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let pending = &mut self.pending;
        let (now, random) = (parts.now, &mut *parts.random);
        let told = pending.settle(&intent, &verdict, now, parts.voice, random);
        self.tell_all(told, &verdict, parts.voice);
    }

    fn tell_all<C: Speech>(
        &mut self,
        told: Vec<PromiseId>,
        verdict: &Verdict,
        voice: &Voice<C, Order>,
    ) {
        let after = voice.write();
        let settled = told.into_iter().map(|intent| {
            let verdict = verdict.clone();
            (after, Settlement { intent, verdict })
        });
        self.settled.extend(settled);
    }

    /// What a person is to be told next, if all that it follows from is stored.
    pub(crate) fn poll_settlement(&mut self, stored: WriteId) -> Option<Settlement> {
        let (after, _) = self.settled.front()?;
        if *after > stored {
            return None;
        }
        self.settled.pop_front().map(|(_, its)| its)
    }

    /// Goes on with what was passed on and with what is pending.
    pub(super) fn handle_submissions<C: Speech>(&mut self, parts: &mut Parts<'_, C, impl Rng>) {
        let is_up = |its: &AgentId| parts.candidates.is_up(its);
        for (id, next) in self.passing.handle_timeout(parts.now, is_up) {
            match next {
                Next::Ask(keeper) => self.pass_on(&id, keeper, parts.voice),
                Next::GiveUp => self.tell_person(id, Verdict::Unsettled, parts),
            }
        }
        let looks_at = &mut self.looks_at_pending_at;
        if looks_at.take_if(|at| *at <= parts.now).is_some() {
            self.hasten(parts);
        }
        for intent in self.pending.handle_timeout(parts.now, parts.voice) {
            let id = intent.promise().id();
            // Where fewer are there, nobody is asked in vain.
            if !self.can_be_kept(&intent, parts) || self.propose(intent, parts).is_err() {
                self.tell_person(id, Verdict::Unsettled, parts);
            }
        }
    }

    /// When that is to be done.
    pub(super) fn submissions_due_at(&self) -> Option<Time> {
        let (passing, pending) = (self.passing.due_at(), self.pending.due_at());
        let all = [passing, pending, self.looks_at_pending_at];
        all.into_iter().flatten().min()
    }

    /// Takes up again after a start what was pending.
    pub(crate) fn resume_pending<C: Speech>(
        &mut self,
        was: WasPending,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        self.pending.resume(was, parts.now, parts.voice);
    }

    /// More is known of who is there, or of who might keep something: it is looked soon what is pending that can be kept.
    pub(super) fn look_at_pending(&mut self, now: Time) {
        if !self.pending.is_empty() {
            let at = now.after(PENDING_LOOKS_AFTER);
            self.looks_at_pending_at.get_or_insert(at);
        }
    }

    /// What is pending need not wait any longer where a majority of its keepers is there.
    fn hasten<C>(&mut self, parts: &Parts<'_, C, impl Rng>) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.hasten(parts.now, |intent| self.can_be_kept(intent, parts));
        self.pending = pending;
    }

    /// Whether a majority of those who keep the name of an intent, as far as is known, is there.
    fn can_be_kept<C, R>(&self, intent: &Intent, parts: &Parts<'_, C, R>) -> bool {
        self.keepers(intent, parts).is_some_and(|keepers| {
            let is_there = |its: &&AgentId| **its == self.me || parts.candidates.is_up(its);
            keepers.keepers().iter().filter(is_there).count() >= keepers.majority()
        })
    }

    /// What persons have left here.
    pub(crate) fn pending(&self) -> impl Iterator<Item = PendingIntent> {
        self.pending.iter()
    }

    /// One of them, as its owner signed it.
    pub(crate) fn pending_intent(&self, intent: &PromiseId) -> Option<&Verified<Promise>> {
        self.pending.signed(intent)
    }

    /// The owner of a pending intent takes it back. Says whether it was here.
    pub(crate) fn withdraw<C: Speech>(
        &mut self,
        withdrawal: &Verified<Withdrawal>,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> bool {
        let id = PromiseId {
            promiser: withdrawal.by(),
            version: withdrawal.of(),
        };
        let dropped = self.pending.drop(&id, parts.now, parts.voice);
        let Some((intent, refused)) = dropped else {
            return false;
        };
        self.tell_all(refused, &Verdict::NotKept, parts.voice);
        self.passing.end(&id);
        let name: WorkloadName = intent.name().clone();
        let is_it = |its: &Wanted| match its {
            Wanted::Intent(its) => {
                its.intent == intent && its.askers == BTreeSet::from([Asker::Person])
            }
            Wanted::Keepers(_) | Wanted::Run(_) => false,
        };
        self.step(&name, parts, |register, _| {
            register.drop_changes(is_it);
        });
        true
    }

    /// A person has seen that a pending intent was refused. Says whether one was.
    pub(crate) fn dismiss_refused<C: Speech>(
        &mut self,
        intent: &PromiseId,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> bool {
        let is_refused = self.pending.is_refused(intent);
        is_refused && self.pending.drop(intent, parts.now, parts.voice).is_some()
    }
}

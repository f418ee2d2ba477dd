//! What others say, and what it is for.

use gary_promise::{
    AgentId, Body, Bound, Frame, Invitation, Promise, SignedRecord, Time, Verified, Why, WorkloadId,
};

use super::machine::Dealings;
use crate::hosting::Invited;
use crate::refused::Fault;
use crate::tending::{Shared, Tools, dismiss, leave_to_others};
use crate::voice::Speech;

impl<C: Speech> Dealings<C> {
    /// Hears what another says. What is refused is counted with its reason.
    pub(super) fn hear(&mut self, now: Time, from: AgentId, frame: Frame) {
        let waking = self.waking(now);
        let voice = &mut self.voice;
        let heard = match frame {
            Frame::Told(batch) => {
                for record in batch {
                    if let Err(fault) = self.learn(now, from, record) {
                        self.counters.count(fault);
                    }
                }
                Ok(())
            }
            Frame::Invitation(invitation) => self.invited(now, from, &invitation),
            Frame::Refusal(refusal) => self.tending.handle_refusal(waking, from, refusal),
            Frame::Dismissal(dismissal) => self.hosting.handle_dismissal(from, &dismissal, voice),
            Frame::Renewal(renewal) => self.tending.handle_renewal(waking, from, &renewal, voice),
            Frame::Absence(absence) => self.tending.handle_absence(waking, from, &absence),
            Frame::Denial(denial) => self.tending.handle_denial(waking, from, &denial),
            Frame::Consults(consults) => {
                let (custody, mut parts) = self.custody(now);
                custody.handle_consults(from, *consults, &mut parts)
            }
            Frame::Recall(recall) => {
                let (custody, mut parts) = self.custody(now);
                custody.handle_recall(from, recall, &mut parts)
            }
            Frame::Bound(bound) => self.bound(now, from, *bound),
            Frame::Handover(handover) => {
                let keepers = &self.keepers;
                let kept_since = |its: &WorkloadId| keepers.keep(&from, its).map(|its| its.version);
                self.hosting
                    .handle_handover(from, &handover, kept_since, voice)
            }
            Frame::Tenancy(tenancy) => self.tenancy(now, from, *tenancy),
            Frame::Running(running) => self.running(now, from, *running),
            Frame::Inquiry(inquiry) => self.hosting.handle_inquiry(from, &inquiry, voice),
            // Whoever asks tries another.
            Frame::Submission(submission) if !self.considers(submission.intent.by()) => Ok(()),
            Frame::Submission(submission) => {
                let (custody, mut parts) = self.custody(now);
                custody.handle_submission(from, *submission, &mut parts)
            }
            Frame::Settlement(settlement) => {
                let (custody, mut parts) = self.custody(now);
                custody.handle_settlement(from, *settlement, &mut parts)
            }
            Frame::Hint(_)
            | Frame::Fetch(_)
            | Frame::Sheet(_)
            | Frame::Digest(_)
            | Frame::Listing(_) => Err(Fault::OutOfPlace),
        };
        if let Err(fault) = heard {
            self.counters.count(fault);
        }
    }

    /// A record that concerns this agent: an offer to it, an acceptance of its own offer, or that one of
    /// them is taken back.
    fn learn(&mut self, now: Time, from: AgentId, record: SignedRecord) -> Result<(), Fault> {
        if record.by() != from {
            // What is between two agents is told by the one whose word it is.
            return Err(Fault::NotTheirs);
        }
        match record {
            SignedRecord::Promise(signed) => {
                let promise = self.voice.verify(signed)?;
                self.promised(now, promise)
            }
            SignedRecord::Withdrawal(signed) => {
                let withdrawal = self.voice.verify(signed)?;
                // It is of an offer or of an acceptance.
                let waking = self.waking(now);
                let voice = &mut self.voice;
                match self.tending.handle_withdrawal(waking, &withdrawal, voice) {
                    Err(Fault::Gone) => self.hosting.handle_withdrawal(&withdrawal, voice),
                    heard => heard,
                }
            }
            _ => Err(Fault::OutOfPlace),
        }
    }

    fn promised(&mut self, now: Time, promise: Verified<Promise>) -> Result<(), Fault> {
        // Those who promise one of these under a condition wait for it before they do.
        if !promise.condition().requirements.is_empty() {
            return Err(Fault::Mismatch);
        }
        match promise.body() {
            Body::Host(host) if host.promisee == self.id() => {
                let host = host.clone();
                let tools = Tools {
                    now: self.waking(now),
                    voice: &mut self.voice,
                    candidates: &self.candidates,
                    keepers: &self.keepers,
                    random: &mut self.random,
                };
                self.tending.handle_offer(promise, host, tools)
            }
            Body::Host(_) => Err(Fault::NotForMe),
            Body::Accept(accept) => {
                let (keeper, workload) = (promise.by(), accept.workload);
                let offer = accept.offer.version;
                self.hosting
                    .handle_acceptance(now, promise, &mut self.voice)?;
                let by_sheets = self.keepers.of(&workload);
                let voice = &mut self.voice;
                self.hosting.tell_keepers(now, offer, by_sheets, voice);
                if let Some(keep) = self.keepers.keep(&keeper, &workload)
                    && keeper != self.id()
                {
                    self.hosting.depend(now, keeper, workload, keep);
                }
                Ok(())
            }
            _ => Err(Fault::OutOfPlace),
        }
    }

    /// A host tells of what it hosts by the acceptance of a fellow keeper.
    fn bound(&mut self, now: Time, from: AgentId, bound: Bound) -> Result<(), Fault> {
        let offer = self.voice.verify(bound.offer)?;
        let acceptance = self.voice.verify(bound.acceptance)?;
        let (Body::Host(host), Body::Accept(accept)) = (offer.body(), acceptance.body()) else {
            return Err(Fault::OutOfPlace);
        };
        if offer.by() != from {
            return Err(Fault::NotTheirs);
        }
        let keeper = acceptance.by();
        let are_halves = accept.offer == offer.id()
            && accept.workload == host.workload
            && keeper == host.promisee;
        let are_plain = [&offer, &acceptance].map(|its| its.condition().requirements.is_empty());
        if !are_halves || are_plain.contains(&false) {
            return Err(Fault::Mismatch);
        }
        let (host, version) = (host.clone(), offer.version());
        let (workload, answers) = (host.workload, (bound.asked_in, bound.answers));
        let waking = self.waking(now);
        let voice = &mut self.voice;
        let epoch = voice.promiser().epoch();
        let asked = self.tending.take_asked(waking, &offer.id(), epoch, answers);
        let asked = asked.ok_or(Fault::Unasked)?;
        let told = (offer, host);
        let is_own = keeper == voice.id();
        let heard = match is_own {
            true => self
                .tending
                .handle_own_bound(waking, told, asked, acceptance, voice),
            false => self.tending.handle_bound(waking, told, asked, voice),
        };
        match heard? {
            Shared::Counted | Shared::Settled => {}
            Shared::Earlier if is_own => {}
            Shared::Later => {
                let (custody, mut parts) = self.custody(now);
                custody.read(&workload, &mut parts);
            }
            Shared::Earlier => {
                let (custody, mut parts) = self.custody(now);
                custody.show(&workload, keeper, &mut parts);
            }
            // That it is over, both may have missed.
            Shared::NotKept if self.custody.is_over(&workload) => {
                let (custody, mut parts) = self.custody(now);
                custody.show(&workload, keeper, &mut parts);
                dismiss(&mut self.voice, from, [version]);
            }
            Shared::NotKept if self.custody.is_others(&workload) => {
                leave_to_others(&mut self.voice, from, [version]);
            }
            Shared::NotKept => return Err(Fault::Unasked),
        }
        Ok(())
    }

    /// Decides alone whether it offers what it was invited for.
    fn invited(&mut self, now: Time, by: AgentId, invitation: &Invitation) -> Result<(), Fault> {
        let intent = self.voice.verify(invitation.intent.clone())?;
        let (Body::Use(wanted), Some(workload)) = (intent.body(), intent.workload()) else {
            return Err(Fault::OutOfPlace);
        };
        let is_within = |slot| wanted.used().has(slot);
        if !invitation.slots.iter().copied().all(is_within) {
            return Err(Fault::Mismatch);
        }
        let invited = Invited {
            by,
            intent: &intent,
            wanted,
            workload,
            invitation,
        };
        if !self.considers(intent.by()) || self.drained.is_some() {
            invited.refuse(Why::NotConsidered, &mut self.voice);
        } else if self.declines {
            invited.refuse(Why::Declined, &mut self.voice);
        } else {
            self.hosting
                .handle_invitation(now, &invited, &mut self.voice);
        }
        Ok(())
    }
}

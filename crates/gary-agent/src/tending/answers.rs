//! What hosts say to their keeper.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{
    Absence, AgentId, Denial, Evidence, Failure, Host, Promise, PromiseId, Reason, Refusal,
    Renewal, Time, Verified, Version, Withdrawal, Word,
};
use rand::Rng;

use super::dismissed::dismiss;
use super::workloads::{Tending, Tools};
use crate::hosting::Order;
use crate::refused::Fault;
use crate::voice::{Speech, Voice};

impl Tending {
    /// An offer has come.
    pub(crate) fn handle_offer<C: Speech>(
        &mut self,
        offer: Verified<Promise>,
        host: Host,
        mut tools: Tools<'_, C, impl Rng>,
    ) -> Result<(), Fault> {
        let now = tools.now;
        let Some(tended) = self.tended.get_mut(&host.workload) else {
            dismiss(tools.voice, offer.by(), [offer.version()]);
            return Err(Fault::Unasked);
        };
        if self.withdrawn.has(&offer.id()) {
            return Err(Fault::Gone);
        }
        let place = (host.workload, host.slot);
        let (by, version) = (offer.by(), offer.version());
        tended.handle_offer(offer, host, &mut tools.keeper(&mut self.trust))?;
        self.by_host.entry(by).or_default().insert(version, place);
        self.wake_if_answered(place.0, now);
        Ok(())
    }

    /// An agent would not host.
    pub(crate) fn handle_refusal(
        &mut self,
        now: Time,
        from: AgentId,
        refusal: Refusal,
    ) -> Result<(), Fault> {
        let tended = self.tended.get_mut(&refusal.workload);
        let tended = tended.ok_or(Fault::Unasked)?;
        if tended.intent.id() != refusal.intent {
            return Err(Fault::Stale);
        }
        let slots = refusal.slots.iter().copied();
        tended.handle_refusal(from, slots, refusal.why, now);
        self.wake_if_answered(refusal.workload, now);
        Ok(())
    }

    /// A host renews. What it does not name, it does not stand by; what it names and is not counted is
    /// dismissed, or asked after where it was handed over; and it is told again what it has not heard.
    pub(crate) fn handle_renewal<C: Speech>(
        &mut self,
        now: Time,
        from: AgentId,
        renewal: &Renewal,
        voice: &mut Voice<C, Order>,
    ) -> Result<(), Fault> {
        if self.by_host.contains_key(&from) {
            let last = self.renewed.get(&from).copied();
            if let Some(last) = last.filter(|last| *last >= renewal.version) {
                return Err(match renewal.version.epoch < last.epoch {
                    true => Fault::Stale,
                    false => Fault::Replay,
                });
            }
            self.renewed.insert(from, renewal.version);
        }
        let nothing = BTreeMap::new();
        let theirs = self.by_host.get(&from).unwrap_or(&nothing);
        let (mut told_again, mut withdrawn) = (Vec::new(), Vec::new());
        let mut updated = BTreeSet::new();
        let ends_by = renewal
            .ends_within
            .map(|within| now.after(within.duration()));
        for (offer, (workload, slot)) in theirs {
            let Some(tended) = self.tended.get_mut(workload) else {
                continue;
            };
            let is_offered = renewal.offered.contains(offer);
            let is_bound = renewal.bound.contains(offer) || renewal.by_others.contains(offer);
            match is_bound.then(|| renewal.idle.contains(offer)) {
                Some(true) => tended.idle(*slot, &from, *offer),
                Some(false) if tended.hosted(*slot, &from, *offer, now) => {
                    updated.insert(*workload);
                }
                _ => {}
            }
            if is_bound && tended.ends(*slot, &from, *offer, ends_by) {
                updated.insert(*workload);
            }
            if is_offered || is_bound {
                let evidence = Evidence::heard(Word::Renewal, renewal.version, now);
                tended.learn(*slot, &from, *offer, evidence);
            } else if *offer < renewal.version {
                let counted = tended.counted_by(*slot, &from, *offer);
                let is_final = !counted.is_some_and(|its| its.is_others());
                withdrawn.push((*workload, *slot, *offer, is_final));
                continue;
            }
            if is_offered {
                told_again.extend(tended.acceptance(*slot, &from, *offer));
            }
        }
        voice.tell(from, told_again);
        // What is offered and not counted may wait for the end of a round. What is bound was counted, and
        // is not any more.
        let unknown = renewal.bound.iter().copied();
        let unknown = unknown.filter(|its| !theirs.contains_key(its));
        let (asked, let_go): (Vec<Version>, Vec<Version>) =
            unknown.partition(|its| self.has_handed_over(from, *its));
        dismiss(voice, from, let_go);
        self.inquire(now, from, renewal, asked, voice);
        for (workload, slot, offer, is_final) in withdrawn {
            // A host that has started again may not know yet that this keeper is one.
            if is_final {
                self.withdrawn.add(PromiseId {
                    promiser: from,
                    version: offer,
                });
            }
            self.take_back(workload, slot, &from, offer, now);
        }
        for workload in updated {
            self.wake(workload, now);
        }
        Ok(())
    }

    /// A host goes away by plan.
    pub(crate) fn handle_absence(
        &mut self,
        now: Time,
        from: AgentId,
        absence: &Absence,
    ) -> Result<(), Fault> {
        let theirs = self.by_host.get(&from).ok_or(Fault::Unasked)?;
        let evidence = Evidence::heard(Word::Notice(absence.notice), absence.version, now);
        let mut is_news = false;
        for (offer, (workload, slot)) in theirs {
            if let Some(tended) = self.tended.get_mut(workload) {
                is_news |= tended.learn(*slot, &from, *offer, evidence);
            }
        }
        is_news.then_some(()).ok_or(Fault::Replay)
    }

    /// A host does not keep one of its promises now.
    pub(crate) fn handle_denial(
        &mut self,
        now: Time,
        from: AgentId,
        denial: &Denial,
    ) -> Result<(), Fault> {
        let theirs = self.by_host.get(&from);
        let place = theirs.and_then(|its| its.get(&denial.of)).copied();
        let (workload, slot) = place.ok_or(Fault::Gone)?;
        let evidence = Evidence::heard(Word::Denial, denial.version, now);
        let tended = self.tended.get_mut(&workload);
        let is_news = tended.is_some_and(|its| {
            let is_news = its.learn(slot, &from, denial.of, evidence);
            if is_news {
                its.fails(slot, &from, denial.of, denial.failure, now);
            }
            is_news
        });
        self.wake(workload, now);
        is_news.then_some(()).ok_or(Fault::Replay)
    }

    /// A host takes an offer back.
    pub(crate) fn handle_withdrawal<C: Speech>(
        &mut self,
        now: Time,
        withdrawal: &Verified<Withdrawal>,
        voice: &mut Voice<C, Order>,
    ) -> Result<(), Fault> {
        let (from, offer) = (withdrawal.by(), withdrawal.of());
        let id = PromiseId {
            promiser: from,
            version: offer,
        };
        self.withdrawn.add(id);
        if self.forget_handed_over(&id, voice) {
            return Ok(());
        }
        let theirs = self.by_host.get(&from);
        let place = theirs.and_then(|its| its.get(&offer)).copied();
        let (workload, slot) = place.ok_or(Fault::Gone)?;
        if let Some(tended) = self.tended.get_mut(&workload) {
            match withdrawal.reason() {
                Reason::Failing => tended.fails(slot, &from, offer, Failure::Unstated, now),
                // It makes way for what another keeper has asked for, perhaps.
                Reason::Outdated => tended.makes_room(slot, &from, offer),
                _ => {}
            }
        }
        self.take_back(workload, slot, &from, offer, now);
        Ok(())
    }
}

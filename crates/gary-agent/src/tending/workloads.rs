//! All workloads that this agent keeps.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{
    Absence, AgentId, Body, Denial, Evidence, Generation, Host, Keep, Lineage, Observer, Own,
    Promise, PromiseId, Reason, Refusal, Renewal, Slot, Submitters, Time, Use, Verified, Version,
    Withdrawal, Word, WorkloadId,
};
use rand::Rng;

use super::account::Account;
use super::counted::PATIENCE;
use super::refusals::Remembered;
use super::tended::{Keeper, Tended, dismiss};
use super::withdrawn::Withdrawn;
use crate::candidates::Candidates;
use crate::hosting::Order;
use crate::keepers::Keepers;
use crate::refused::Fault;
use crate::trust::Trust;
use crate::voice::{Assessed, Speech, Voice};

/// The most workloads that one agent keeps.
pub const WORKLOADS_MAX: usize = 4096;

/// A deploy was refused. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeployError {
    /// Somebody else signed it, or it cannot be read.
    #[error(transparent)]
    Refused(#[from] crate::voice::Unverified),
    /// This agent takes no part.
    #[error(transparent)]
    HeldOff(#[from] crate::membership::HeldOff),
    /// It is a promise of another type.
    #[error("{found} is no intent")]
    NotAnIntent {
        /// What it is.
        found: &'static str,
    },
    /// This agent looks at nothing that its owner submits.
    #[error("this node considers no submissions of {owner}")]
    NotConsidered {
        /// Whose intent it is.
        owner: AgentId,
    },
    /// It updates a workload that this agent does not keep.
    #[error("this node keeps no workload {workload}")]
    NotKept {
        /// Which.
        workload: WorkloadId,
    },
    /// Its owner may not update the workload.
    #[error("{by} may not update workload {workload}")]
    NotAllowed {
        /// Who tried.
        by: AgentId,
        /// What.
        workload: WorkloadId,
    },
    /// There is a generation as late as it, or later.
    #[error("workload {workload} is at generation {current} by now")]
    Conflict {
        /// Which.
        workload: WorkloadId,
        /// The generation that stands.
        current: Generation,
    },
    /// This agent keeps as many as it can.
    #[error("this node keeps {WORKLOADS_MAX} workloads, as many as it can")]
    Full,
}

/// What became of a `+keep`, for this agent's own sheet.
#[derive(Debug)]
pub(crate) enum KeepChange {
    /// It was made, perhaps in the place of an earlier one.
    Made(Own<Promise>),
    Withdrawn(Own<Withdrawal>),
}

/// Offers by their hosts, and what they are for.
type ByHost = BTreeMap<AgentId, BTreeMap<Version, (WorkloadId, Slot)>>;

/// All workloads that this agent keeps.
#[derive(Debug, Default)]
pub(crate) struct Tending {
    tended: BTreeMap<WorkloadId, Tended>,
    /// Which offers of which hosts are counted, or wait for the end of a round, and for what.
    by_host: ByHost,
    /// The last renewal of each of them: what is said again, or was said before it, is no news.
    renewed: BTreeMap<AgentId, Version>,
    withdrawn: Withdrawn,
    trust: Trust,
    wakes: BTreeMap<WorkloadId, Time>,
    queue: BTreeSet<(Time, WorkloadId)>,
    changes: Vec<KeepChange>,
}

impl Tending {
    /// Takes an intent into custody: a new workload, or a later generation of one. The caller has seen
    /// that its owner is considered.
    pub(crate) fn deploy<C: Speech>(
        &mut self,
        now: Time,
        intent: Verified<Promise>,
        voice: &mut Voice<C, Order>,
    ) -> Result<(WorkloadId, Generation), DeployError> {
        let (Body::Use(wanted), Some(workload)) = (intent.body(), intent.workload()) else {
            let found = intent.body().notation();
            return Err(DeployError::NotAnIntent { found });
        };
        let wanted = Use::clone(wanted);
        let generation = wanted.lineage.generation();
        match (self.tended.get_mut(&workload), wanted.lineage) {
            // The same submission again changes nothing.
            (Some(tended), _) if tended.intent.id() == intent.id() => {}
            (Some(tended), Lineage::Updates(_)) => {
                check_update(tended, &intent, generation)?;
                voice.keep_promise(&intent);
                voice.forget(tended.intent.id());
                let body = Body::Keep(keep(workload, &wanted));
                if tended.keep.body() != &body {
                    let made = voice.revise(&tended.keep, body);
                    tended.keep = made.clone();
                    self.changes.push(KeepChange::Made(made));
                }
                for (host, offer) in tended.update(intent, wanted, now) {
                    dismiss(voice, host, [offer]);
                    forget(&mut self.by_host, &mut self.renewed, &host, offer);
                }
            }
            (None, Lineage::Updates(_)) => return Err(DeployError::NotKept { workload }),
            // What founded it, submitted again after an update, founds nothing anew.
            (Some(tended), Lineage::Founds) => {
                let current = tended.wanted.lineage.generation();
                return Err(DeployError::Conflict { workload, current });
            }
            (None, Lineage::Founds) => {
                if self.tended.len() >= WORKLOADS_MAX {
                    return Err(DeployError::Full);
                }
                voice.keep_promise(&intent);
                let made = voice.promise(Body::Keep(keep(workload, &wanted)));
                self.changes.push(KeepChange::Made(made.clone()));
                let tended = Tended::new(workload, intent, wanted, made, now);
                self.tended.insert(workload, tended);
            }
        }
        self.wake(workload, now);
        Ok((workload, generation))
    }

    /// Takes a workload up again after a start.
    pub(crate) fn resume<C: Speech>(
        &mut self,
        now: Time,
        intent: Verified<Promise>,
        keep: Own<Promise>,
        voice: &mut Voice<C, Order>,
    ) {
        let (Body::Use(wanted), Some(workload)) = (intent.body(), intent.workload()) else {
            return;
        };
        let wanted = Use::clone(wanted);
        voice.hold(intent.id());
        voice.hold(keep.id());
        let tended = Tended::new(workload, intent, wanted, keep, now);
        self.tended.insert(workload, tended);
        self.wake(workload, now);
    }

    /// Counts again what was counted before a start.
    pub(crate) fn resume_counted<C: Speech>(
        &mut self,
        now: Time,
        offer: Verified<Promise>,
        acceptance: Own<Promise>,
        voice: &mut Voice<C, Order>,
    ) {
        let Body::Host(host) = offer.body().clone() else {
            return;
        };
        let Some(tended) = self.tended.get_mut(&host.workload) else {
            return;
        };
        voice.hold(offer.id());
        voice.hold(acceptance.id());
        let place = (host.workload, host.slot);
        let theirs = self.by_host.entry(offer.by()).or_default();
        theirs.insert(offer.version(), place);
        tended.resume(offer, host, acceptance, now);
    }

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
    /// dismissed; and it is told again what it has not heard.
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
        for (offer, (workload, slot)) in theirs {
            let Some(tended) = self.tended.get_mut(workload) else {
                continue;
            };
            let is_offered = renewal.offered.contains(offer);
            if is_offered || renewal.bound.contains(offer) {
                let evidence = Evidence::heard(Word::Renewal, renewal.version, now);
                tended.learn(*slot, &from, *offer, evidence);
            } else if *offer < renewal.version {
                withdrawn.push((*workload, *slot, *offer));
                continue;
            }
            if is_offered {
                told_again.extend(tended.acceptance(*slot, &from, *offer));
            }
        }
        voice.tell(from, told_again);
        let unknown = |offer: &&Version| !theirs.contains_key(offer);
        // What is offered and not counted may wait for the end of a round. What is bound was counted, and
        // is not any more.
        let not_counted: Vec<Version> = renewal.bound.iter().filter(unknown).copied().collect();
        let is_known = not_counted.is_empty();
        dismiss(voice, from, not_counted);
        for (workload, slot, offer) in withdrawn {
            self.withdrawn.add(PromiseId {
                promiser: from,
                version: offer,
            });
            self.take_back(workload, slot, &from, offer, now);
        }
        match is_known {
            true => Ok(()),
            false => Err(Fault::Gone),
        }
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
        let is_news = tended.is_some_and(|its| its.learn(slot, &from, denial.of, evidence));
        self.wake(workload, now);
        is_news.then_some(()).ok_or(Fault::Replay)
    }

    /// A host takes an offer back.
    pub(crate) fn handle_withdrawal(
        &mut self,
        now: Time,
        withdrawal: &Verified<Withdrawal>,
    ) -> Result<(), Fault> {
        let (from, offer) = (withdrawal.by(), withdrawal.of());
        self.withdrawn.add(PromiseId {
            promiser: from,
            version: offer,
        });
        let theirs = self.by_host.get(&from);
        let place = theirs.and_then(|its| its.get(&offer)).copied();
        let (workload, slot) = place.ok_or(Fault::Gone)?;
        self.take_back(workload, slot, &from, offer, now);
        Ok(())
    }

    /// A host took its offer back, or does not stand by it.
    fn take_back(
        &mut self,
        workload: WorkloadId,
        slot: Slot,
        host: &AgentId,
        offer: Version,
        now: Time,
    ) {
        let tended = self.tended.get_mut(&workload);
        let is_counted = tended.is_some_and(|its| its.handle_withdrawn(slot, host, offer, now));
        if !is_counted {
            forget(&mut self.by_host, &mut self.renewed, host, offer);
        }
        self.wake(workload, now);
    }

    /// Whether something of an agent's is counted, or waits for the end of a round.
    pub(crate) fn counts_on(&self, agent: &AgentId) -> bool {
        self.by_host.contains_key(agent)
    }

    /// An agent cannot be reached.
    pub(crate) fn handle_lost(&mut self, now: Time, agent: &AgentId, random: &mut impl Rng) {
        let mut workloads: BTreeMap<WorkloadId, Vec<(Slot, Version)>> = BTreeMap::new();
        for (offer, (workload, slot)) in self.by_host.get(agent).into_iter().flatten() {
            workloads
                .entry(*workload)
                .or_default()
                .push((*slot, *offer));
        }
        for (workload, offers) in workloads {
            if let Some(tended) = self.tended.get_mut(&workload) {
                tended.handle_lost(agent, offers, now, random);
            }
            self.wake(workload, now);
        }
    }

    /// Does what is due.
    pub(crate) fn handle_timeout<C: Speech>(&mut self, mut tools: Tools<'_, C, impl Rng>) {
        let now = tools.now;
        while let Some((at, workload)) = self.queue.first().copied()
            && at <= now
        {
            self.queue.pop_first();
            self.wakes.remove(&workload);
            let Some(tended) = self.tended.get_mut(&workload) else {
                continue;
            };
            let gone = tended.look(&mut tools.keeper(&mut self.trust));
            for (host, offer) in gone {
                forget(&mut self.by_host, &mut self.renewed, &host, offer);
            }
            if tended.is_over() {
                self.end(workload, tools.voice);
                continue;
            }
            // Later than now, so that this comes to an end.
            let due_at = tended.due_at(now);
            self.wake(workload, due_at.max(Time::from_us(now.as_us() + 1)));
        }
    }

    /// Who keeps what has changed: what has waited for it is looked at.
    pub(crate) fn handle_keeps(&mut self, now: Time) {
        let conditional = self.tended.values();
        let conditional = conditional.filter(|its| !its.intent.condition().requirements.is_empty());
        let conditional: Vec<WorkloadId> = conditional.map(|its| its.workload).collect();
        for workload in conditional {
            self.wake(workload, now);
        }
    }

    pub(crate) fn due_at(&self) -> Option<Time> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// What is to be changed on this agent's sheet.
    pub(crate) fn take_changes(&mut self) -> Vec<KeepChange> {
        std::mem::take(&mut self.changes)
    }

    /// Why agents would not host a workload, each by what it said last.
    pub(crate) fn refusals(
        &self,
        workload: &WorkloadId,
    ) -> impl Iterator<Item = (&AgentId, &Remembered)> {
        let tended = self.tended.get(workload);
        tended.into_iter().flat_map(|its| its.refusals.iter())
    }

    /// What can be said of a workload that is kept.
    pub(crate) fn account<C: Speech>(
        &self,
        workload: &WorkloadId,
        keepers: &Keepers,
        voice: &Voice<C, Order>,
        now: Time,
    ) -> Option<Account> {
        let tended = self.tended.get(workload)?;
        let observer = Observer::new(voice.promiser(), PATIENCE);
        let counted = tended.counted().filter_map(|its| {
            Some(Assessed {
                assessment: its.assess(&observer, now)?,
                epoch: voice.promiser().epoch(),
                workload: *workload,
                slot: Some(its.host.slot),
            })
        });
        let refusals = tended.refusals.iter();
        let history = voice.journal().filter(|its| its.workload == *workload);
        Some(Account {
            generation: tended.wanted.lineage.generation(),
            unmet: tended.unmet(keepers).into_iter().cloned().collect(),
            open: tended.holes(&observer, now),
            counted: counted.collect(),
            refusals: refusals.map(|(by, its)| (*by, its.clone())).collect(),
            history: history.copied().collect(),
        })
    }

    /// The workloads that are kept: their generations, and how many hostings of each are counted.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (WorkloadId, Generation, usize)> {
        self.tended.values().map(|its| {
            let generation = its.wanted.lineage.generation();
            (its.workload, generation, its.counted().count())
        })
    }

    /// A workload is deleted, and nothing of it is hosted any more.
    fn end<C: Speech>(&mut self, workload: WorkloadId, voice: &mut Voice<C, Order>) {
        if let Some(tended) = self.tended.remove(&workload) {
            let withdrawal = voice.withdraw(&tended.keep, Reason::Outdated);
            voice.forget(tended.intent.id());
            self.changes.push(KeepChange::Withdrawn(withdrawal));
        }
    }

    /// Looks at the workload if a round of it has heard from everybody. One offer of many is no reason to: what
    /// a look takes grows with the workload.
    fn wake_if_answered(&mut self, workload: WorkloadId, now: Time) {
        if self.tended.get(&workload).is_some_and(Tended::is_answered) {
            self.wake(workload, now);
        }
    }

    /// Looks at the workload then, or earlier if it would be looked at earlier.
    fn wake(&mut self, workload: WorkloadId, at: Time) {
        let earlier = self.wakes.get(&workload).copied();
        if earlier.is_some_and(|earlier| earlier <= at) {
            return;
        }
        if let Some(earlier) = earlier {
            self.queue.remove(&(earlier, workload));
        }
        self.wakes.insert(workload, at);
        self.queue.insert((at, workload));
    }
}

/// What a keeper works with, but for its trust.
pub(crate) struct Tools<'a, C, R> {
    pub(crate) now: Time,
    pub(crate) voice: &'a mut Voice<C, Order>,
    pub(crate) candidates: &'a Candidates,
    pub(crate) keepers: &'a Keepers,
    pub(crate) random: &'a mut R,
}

impl<C, R> Tools<'_, C, R> {
    fn keeper<'b>(&'b mut self, trust: &'b mut Trust) -> Keeper<'b, C, R> {
        Keeper {
            now: self.now,
            voice: self.voice,
            candidates: self.candidates,
            keepers: self.keepers,
            trust,
            random: self.random,
        }
    }
}

fn forget(
    by_host: &mut ByHost,
    renewed: &mut BTreeMap<AgentId, Version>,
    host: &AgentId,
    offer: Version,
) {
    if let Some(theirs) = by_host.get_mut(host) {
        theirs.remove(&offer);
        if theirs.is_empty() {
            by_host.remove(host);
            renewed.remove(host);
        }
    }
}

fn keep(workload: WorkloadId, wanted: &Use) -> Keep {
    Keep {
        workload,
        name: wanted.name.clone(),
        routes: wanted.routes.clone(),
    }
}

/// Whether an intent may take the place of the one that stands.
fn check_update(
    tended: &Tended,
    intent: &Verified<Promise>,
    generation: Generation,
) -> Result<(), DeployError> {
    let (workload, by) = (tended.workload, intent.by());
    let updaters: &Submitters = &tended.wanted.updaters;
    // Whoever is considered was admitted as a client.
    if by != tended.intent.by() && !updaters.include(by, true) {
        return Err(DeployError::NotAllowed { by, workload });
    }
    let current = tended.wanted.lineage.generation();
    if current.next() != Some(generation) {
        return Err(DeployError::Conflict { workload, current });
    }
    Ok(())
}

//! All workloads that this agent keeps.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{
    AgentId, Body, Generation, Observer, Own, Promise, PromiseId, Reason, Slot, Time, Use,
    Verified, Version, Withdrawal, WorkloadId,
};
use rand::Rng;

use super::account::{Account, Counts, Rolling};
use super::counted::{Acceptance, PATIENCE};
use super::deploying::bytes;
use super::history::History;
use super::holes::Holes;
use super::over::Over;
use super::refusals::Remembered;
use super::sharing::Asked;
use super::tended::{Keeper, Tended};
use super::turn::LEARNS_FOR;
use crate::candidates::Candidates;
use crate::hosting::Order;
use crate::keepers::Keepers;
use crate::memory::WasKept;
use crate::sheet::SHEET_PROMISES_MAX;
use crate::trust::Trust;
use crate::voice::{Assessed, Speech, Voice};

/// The most workloads that one agent keeps: its sheet has room for as many. A person who deploys one more is refused.
pub const WORKLOADS_MAX: usize = SHEET_PROMISES_MAX - 48;

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
    pub(super) tended: BTreeMap<WorkloadId, Tended>,
    /// Which offers of which hosts are counted, or wait for the end of a round, and for what.
    pub(super) by_host: ByHost,
    /// The last renewal of each of them: what is said again, or was said before it, is no news.
    pub(super) renewed: BTreeMap<AgentId, Version>,
    pub(super) withdrawn: Over,
    /// What it has bound of workloads that others keep in its place.
    pub(super) handed_over: Over,
    /// What hosts were asked after that nothing was heard of yet.
    pub(super) asked: BTreeMap<PromiseId, Asked>,
    /// How many inquiries it has made since its start.
    pub(super) inquiries: u64,
    pub(super) trust: Trust,
    wakes: BTreeMap<WorkloadId, Time>,
    queue: BTreeSet<(Time, WorkloadId)>,
    pub(super) changes: Vec<KeepChange>,
    /// What its `+keep` take on its sheet together.
    pub(super) keeps_bytes: usize,
}

impl Tending {
    /// Takes a workload up again after a start.
    pub(crate) fn resume<C: Speech>(
        &mut self,
        now: Time,
        was: WasKept,
        voice: &mut Voice<C, Order>,
    ) {
        let WasKept {
            intent,
            keep,
            stood,
        } = was;
        let (Body::Use(wanted), Some(workload)) = (intent.body(), intent.workload()) else {
            return;
        };
        let wanted = Use::clone(wanted);
        voice.hold(intent.id());
        voice.hold(keep.id());
        self.keeps_bytes += bytes(&keep);
        let mut tended = Tended::new(workload, intent, wanted, keep, now);
        tended.learns_until = now.after(LEARNS_FOR);
        tended.history = History::resume(stood, voice);
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
        let (by, place) = (offer.by(), (host.workload, host.slot));
        let theirs = self.by_host.entry(by).or_default();
        theirs.insert(offer.version(), place);
        tended.count(
            offer,
            host,
            Acceptance::Own(acceptance.into()),
            place.1,
            now,
        );
    }

    /// A host took its offer back, or does not stand by it.
    pub(super) fn take_back(
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

    /// Whether a workload is kept, or something of it is still hosted.
    pub(crate) fn tends(&self, workload: &WorkloadId) -> bool {
        self.tended.contains_key(workload)
    }

    /// Whether a hosting of a workload is counted by this offer.
    pub(crate) fn counts(&mut self, workload: &WorkloadId, offer: &PromiseId) -> bool {
        let theirs = self.by_host.get(&offer.promiser);
        let place = theirs.and_then(|its| its.get(&offer.version)).copied();
        let Some((_, slot)) = place.filter(|(its, _)| its == workload) else {
            return false;
        };
        let tended = self.tended.get_mut(workload);
        let counted = tended.and_then(|its| its.counted_by(slot, &offer.promiser, offer.version));
        counted.is_some()
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

    /// An agent's machine has another capacity than before: what it had no room for, or was not, it may be asked again
    /// for.
    pub(crate) fn handle_capacity(&mut self, now: Time, agent: &AgentId, random: &mut impl Rng) {
        let mut open = Vec::new();
        for its in self.tended.values_mut() {
            if its.handle_capacity(agent, now, random) {
                open.push(its.workload);
            }
        }
        for workload in open {
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

    /// The intent that stands of a workload, as this agent knows.
    pub(crate) fn intent(&self, workload: &WorkloadId) -> Option<&Verified<Promise>> {
        self.tended.get(workload).map(|its| &its.intent)
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
        let hostings = tended.counted().map(|its| {
            let counts = Counts {
                generation: its.host.generation,
                runs: its.hosted_at.is_some() && !its.is_idle,
                starts: its.hosted_at.is_none() && !its.is_idle,
            };
            (its.offer.id(), counts)
        });
        let refusals = tended.refusals.iter();
        let holes = Holes::of(tended, &observer, now);
        let history = voice.journal().filter(|its| its.workload == *workload);
        Some(Account {
            generation: tended.wanted.lineage.generation(),
            unmet: tended.unmet(keepers).into_iter().cloned().collect(),
            open: holes.iter().collect(),
            rolling: (!holes.outdated.is_empty()).then(|| Rolling {
                pace: tended.wanted.pace,
                stands_still: tended.stands_still(&holes),
                makes_do: tended.makes_do,
                outdated: holes.outdated,
            }),
            leaving: tended.leaving(),
            failing: tended.failing.iter().copied().collect(),
            runs: tended.runs.clone(),
            counted: counted.collect(),
            hostings: hostings.collect(),
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

    /// A workload is deleted, and nothing of it is hosted any more; or others keep it.
    pub(super) fn end<C: Speech>(&mut self, workload: WorkloadId, voice: &mut Voice<C, Order>) {
        if let Some(tended) = self.tended.remove(&workload) {
            self.keeps_bytes -= bytes(&tended.keep);
            let withdrawal = voice.withdraw(&tended.keep, Reason::Outdated);
            voice.forget(tended.intent.id());
            tended.history.forget(voice);
            self.changes.push(KeepChange::Withdrawn(withdrawal));
        }
    }

    /// Looks at the workload if a round of it has heard from everybody. One offer of many is no reason to: what
    /// a look takes grows with the workload.
    pub(super) fn wake_if_answered(&mut self, workload: WorkloadId, now: Time) {
        if self.tended.get(&workload).is_some_and(Tended::is_answered) {
            self.wake(workload, now);
        }
    }

    /// Looks at the workload then, or earlier if it would be looked at earlier.
    pub(super) fn wake(&mut self, workload: WorkloadId, at: Time) {
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
    pub(super) fn keeper<'b>(&'b mut self, trust: &'b mut Trust) -> Keeper<'b, C, R> {
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

pub(super) fn forget(
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

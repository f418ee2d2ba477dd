//! All that this agent offers and hosts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gary_promise::{
    Absence, AgentId, Body, BootEpoch, BoundedSet, Capacity, Dismissal, Frame, Lease, Notice,
    Offers, Promise, PromiseId, Reason, Renewal, Resources, SignedRecord, Slot, Time, Verified,
    Version, Withdrawal, WorkloadId,
};

use super::answering::Answers;
use super::custody::Custodies;
use super::hosted::{Hosted, State, accepted};
use super::order::Order;
use super::repair::deny;
use crate::exclusive::Tenants;
use crate::ledger::{EntryId, Ledger};
use crate::memory::WasHosted;
use crate::refused::Fault;
use crate::runs::{Runners, WallClock};
use crate::voice::{Speech, Voice};

/// The most hostings of one agent: offered, bound and yet to stop. Whoever invites it for more is told that it is busy.
pub const HOSTINGS_MAX: usize = 4096;

/// The most withdrawals that are remembered of acceptances which were not heard of before: what was said on
/// an earlier connection may come later. Beyond, the first is forgotten; its acceptance would bind until the
/// next renewal shows that nobody counts it.
pub const EARLY_WITHDRAWALS_MAX: usize = 256;

/// All that this agent offers and hosts.
#[derive(Debug)]
pub(crate) struct Hosting {
    pub(super) capacity: Capacity,
    pub(super) ledger: Ledger,
    pub(super) lease: Lease,
    pub(super) hosted: BTreeMap<Version, Hosted>,
    /// Which offers are for a slot of a workload: one, or for a while another of an earlier generation, whose
    /// version is less.
    pub(super) by_slot: BTreeSet<(WorkloadId, Slot, Version)>,
    /// Which offers are to whom.
    pub(super) by_promisee: BTreeMap<AgentId, BTreeSet<Version>>,
    /// What other keepers than those who bound it were told of.
    pub(super) told: BTreeMap<AgentId, BTreeSet<Version>>,
    /// In which of their lives those it deals with have last spoken.
    pub(super) lives: BTreeMap<AgentId, BootEpoch>,
    /// Which offers are bound by which acceptances.
    by_acceptance: BTreeMap<PromiseId, Version>,
    /// What was withdrawn and still runs: its room is not free before the host has stopped it.
    pub(super) stopping: BTreeMap<PromiseId, EntryId>,
    /// What is to be done when.
    pub(super) due: BTreeSet<(Time, Version)>,
    /// Acceptances whose withdrawal came before them: a withdrawal is final, in whatever order it comes.
    withdrawn_early: VecDeque<PromiseId>,
    /// Who has accepted what was no news.
    pub(super) answers: Answers,
    /// What it makes of those it hosts for.
    custodies: Custodies,
    /// What it holds of what is exclusive.
    pub(super) tenants: Tenants,
    /// When it takes back all that it hosts, where it hosts nothing anew.
    pub(super) ends_at: Option<Time>,
    /// What it has claimed and runs of what runs to completion.
    pub(super) runners: Runners,
    /// How late it is, as people count it.
    pub(crate) wall: WallClock,
}

impl Hosting {
    pub(crate) fn new(capacity: Capacity, lease: Lease, seed: u64) -> Self {
        Self {
            ledger: Ledger::new(capacity.resources),
            capacity,
            lease,
            hosted: BTreeMap::new(),
            by_slot: BTreeSet::new(),
            by_promisee: BTreeMap::new(),
            told: BTreeMap::new(),
            lives: BTreeMap::new(),
            by_acceptance: BTreeMap::new(),
            stopping: BTreeMap::new(),
            due: BTreeSet::new(),
            withdrawn_early: VecDeque::new(),
            answers: Answers::default(),
            custodies: Custodies::default(),
            tenants: Tenants::new(seed),
            ends_at: None,
            runners: Runners::new(seed),
            wall: WallClock::default(),
        }
    }

    /// A keeper accepts an offer: the hosting is bound, and runs. Whoever accepts what is bound or does not stand any
    /// more, as a keeper that has started again or has heard an offer of long ago, is told soon what stands.
    pub(crate) fn handle_acceptance<C: Speech>(
        &mut self,
        now: Time,
        acceptance: Verified<Promise>,
        voice: &mut Voice<C, Order>,
    ) -> Result<(), Fault> {
        let accept = accepted(&acceptance).ok_or(Fault::OutOfPlace)?;
        if accept.offer.promiser != voice.id() {
            return Err(Fault::NotForMe);
        }
        if self.withdrawn_early.contains(&acceptance.id()) {
            return Err(Fault::Gone);
        }
        let Some(hosted) = self.hosted.get_mut(&accept.offer.version) else {
            self.answers.owe(now, acceptance.by());
            return Err(Fault::Gone);
        };
        if hosted.is_bound() {
            self.answers.owe(now, acceptance.by());
            return Err(Fault::Replay);
        }
        let lapses = hosted.due_at();
        let start = hosted.bind(acceptance).ok_or(Fault::Mismatch)?;
        if let Some(lapses_at) = lapses {
            self.due.remove(&(lapses_at, accept.offer.version));
        }
        self.by_acceptance
            .insert(start.acceptance.id(), accept.offer.version);
        voice.keep_promise(&start.intent);
        voice.keep_promise(&start.acceptance);
        if !hosted.keepers.is_empty() {
            voice.keep_keepers(accept.offer, hosted.keepers.clone(), false);
        }
        self.run(now, start, voice);
        Ok(())
    }

    /// Whether something is offered or bound to an agent, or it was told of what another has bound.
    pub(crate) fn hosts_for(&self, agent: &AgentId) -> bool {
        self.by_promisee.contains_key(agent) || self.told.contains_key(agent)
    }

    /// It depends on a keeper for what is bound of a workload, by this promise of the keeper's.
    pub(crate) fn depend(
        &mut self,
        now: Time,
        keeper: AgentId,
        workload: WorkloadId,
        keep: PromiseId,
    ) {
        if self.is_bound_to(keeper, workload) {
            self.custodies.begin(now, keeper, workload, keep);
        }
    }

    /// Those it hosts for show what they keep.
    pub(crate) fn handle_keeps<C: Speech>(
        &mut self,
        now: Time,
        keeper: AgentId,
        keeps: impl Fn(&WorkloadId) -> Option<PromiseId>,
        voice: &mut Voice<C, Order>,
    ) {
        self.tell_of_all(now, keeper, |workload| keeps(workload).is_some(), voice);
        let hosted = self.audible_to(&keeper);
        let workloads: BTreeSet<WorkloadId> = hosted
            .filter(|its| its.is_bound())
            .map(|its| its.host.workload)
            .collect();
        for workload in workloads {
            if let Some(keep) = keeps(&workload) {
                self.custodies.begin(now, keeper, workload, keep);
            }
        }
        let keeps = |workload: &WorkloadId| keeps(workload).is_some();
        for (workload, assessment) in self.custodies.shown(now, keeper, keeps, voice.promiser()) {
            voice.note(assessment, workload, None);
        }
    }

    /// Those it hosts for can be reached, or not any more. Whatever it makes of that, it hosts on.
    pub(crate) fn handle_liveness<C: Speech>(
        &mut self,
        now: Time,
        keeper: AgentId,
        is_up: bool,
        voice: &mut Voice<C, Order>,
    ) {
        for (workload, assessment) in self.custodies.seen(now, keeper, is_up, voice.promiser()) {
            voice.note(assessment, workload, None);
        }
    }

    fn is_bound_to(&self, keeper: AgentId, workload: WorkloadId) -> bool {
        let first = Version::first(BootEpoch(0));
        let of_it = self.by_slot.range((workload, Slot(0), first)..);
        of_it
            .take_while(|(its, _, _)| *its == workload)
            .filter_map(|(_, _, version)| self.hosted.get(version))
            .any(|its| its.is_bound() && self.is_kept_by(its, keeper))
    }

    /// A keeper takes its acceptance back: the hosting is one half, and ends.
    pub(crate) fn handle_withdrawal<C: Speech>(
        &mut self,
        withdrawal: &Verified<Withdrawal>,
        voice: &mut Voice<C, Order>,
    ) -> Result<(), Fault> {
        let acceptance = PromiseId {
            promiser: withdrawal.by(),
            version: withdrawal.of(),
        };
        match self.by_acceptance.get(&acceptance).copied() {
            Some(version) => self.withdraw(version, withdrawal.reason(), voice),
            // It may be of something else that this agent knows nothing of, and then does no harm here.
            None if self.by_promisee.contains_key(&withdrawal.by()) => {
                if self.withdrawn_early.contains(&acceptance) {
                    return Err(Fault::Replay);
                }
                if self.withdrawn_early.len() >= EARLY_WITHDRAWALS_MAX {
                    self.withdrawn_early.pop_front();
                }
                self.withdrawn_early.push_back(acceptance);
            }
            None => return Err(Fault::Gone),
        }
        Ok(())
    }

    /// Offers that will not be accepted, or are not any more, by the word of the one they were made to or of another
    /// keeper of their workload.
    pub(crate) fn handle_dismissal<C: Speech>(
        &mut self,
        from: AgentId,
        dismissal: &Dismissal,
        voice: &mut Voice<C, Order>,
    ) -> Result<(), Fault> {
        // What it said in an earlier life it does not remember, and it has counted the same since.
        if !self.is_of_this_life(from, dismissal.epoch) {
            return Err(Fault::Stale);
        }
        let (mut is_any, mut is_others) = (false, false);
        for version in dismissal.offers.iter() {
            let hosted = self.hosted.get(version);
            match hosted.map(|its| self.is_kept_by(its, from)) {
                Some(true) => {
                    self.withdraw(*version, Reason::Surplus, voice);
                    is_any = true;
                }
                Some(false) => is_others = true,
                None => {}
            }
        }
        match (is_any, is_others) {
            (true, _) => Ok(()),
            (false, true) => Err(Fault::NotForMe),
            (false, false) => Err(Fault::Gone),
        }
    }

    pub(crate) fn due_at(&self) -> Option<Time> {
        let due = self.due.first().map(|(at, _)| *at);
        let others = [
            self.answers.due_at(),
            self.tenants.due_at(),
            self.runners.due_at(),
        ];
        due.into_iter().chain(others.into_iter().flatten()).min()
    }

    /// Renews all leases: one frame for each agent that something is promised to, or that was told of it.
    pub(crate) fn renew<C: Speech>(&self, now: Time, voice: &mut Voice<C, Order>) {
        for keeper in self.audience() {
            self.renew_to(now, keeper, voice);
        }
    }

    /// Renews all that is promised to an agent or that it was told of, be it nothing.
    pub(crate) fn renew_to<C: Speech>(
        &self,
        now: Time,
        promisee: AgentId,
        voice: &mut Voice<C, Order>,
    ) {
        let versions = self.by_promisee.get(&promisee).into_iter().flatten();
        let is_bound = |version: &&Version| self.hosted.get(version).is_some_and(Hosted::is_bound);
        let (bound, offered): (Vec<_>, Vec<_>) = versions.partition(is_bound);
        let fits = "an offer beyond the limit is never made";
        let idle = self.audible_to(&promisee).filter(|its| its.is_idle());
        let idle = idle.map(|its| its.offer.version());
        let renewal = Renewal {
            idle: BoundedSet::new(idle).expect(fits),
            version: voice.stamp(),
            offered: Offers::new(offered.into_iter().copied()).expect(fits),
            bound: Offers::new(bound.into_iter().copied()).expect(fits),
            by_others: self.told_to(&promisee),
            ends_within: self.ends_within(now),
        };
        voice.say(promisee, Frame::Renewal(renewal));
        // To name what fails again and again would take back that it does.
        for hosted in self.audible_to(&promisee) {
            deny(hosted, promisee, voice);
        }
    }

    /// Tells everybody who goes by what it hosts, that it goes away for a while.
    pub(crate) fn announce_absence<C: Speech>(&self, notice: Notice, voice: &mut Voice<C, Order>) {
        for keeper in self.audience() {
            let absence = Absence {
                version: voice.stamp(),
                notice,
            };
            voice.say(keeper, Frame::Absence(absence));
        }
    }

    /// Takes an offer back that this agent has made, and nobody else's. A promiser owes no reason.
    pub(crate) fn take_back<C: Speech>(
        &mut self,
        offer: PromiseId,
        voice: &mut Voice<C, Order>,
    ) -> bool {
        let hosted = self.hosted.get(&offer.version);
        let is_its_own = hosted.is_some_and(|its| its.offer.id() == offer);
        if is_its_own {
            self.withdraw(offer.version, Reason::Unstated, voice);
        }
        is_its_own
    }

    /// Its machine has another capacity. What that does not cover is taken back: what needs what the machine is not,
    /// and of the rest, from the earliest on, what finds no room.
    pub(crate) fn revise<C: Speech>(&mut self, capacity: Capacity, voice: &mut Voice<C, Order>) {
        self.ledger.revise(capacity.resources);
        self.capacity = capacity;
        let mut left = self.capacity.resources;
        let mut outgoing: Vec<Version> = Vec::new();
        for (version, its) in &self.hosted {
            match left.minus(its.host.portion.resources()) {
                Some(after) if self.is_fit(&its.intent) => left = after,
                _ => outgoing.push(*version),
            }
        }
        for version in outgoing {
            self.withdraw(version, Reason::Revised, voice);
        }
    }

    /// Whether its machine is what an intent needs.
    fn is_fit(&self, intent: &Verified<Promise>) -> bool {
        match intent.body() {
            Body::Use(wanted) => self.capacity.fits(&wanted.needs).is_ok(),
            _ => false,
        }
    }

    /// Takes an offer back, bound or not, and stops what runs by it.
    pub(super) fn withdraw<C: Speech>(
        &mut self,
        version: Version,
        reason: Reason,
        voice: &mut Voice<C, Order>,
    ) {
        let Some(hosted) = self.hosted.remove(&version) else {
            return;
        };
        if let Some(at) = hosted.due_at() {
            self.due.remove(&(at, version));
        }
        self.by_slot
            .remove(&(hosted.host.workload, hosted.host.slot, version));
        if let Some(theirs) = self.by_promisee.get_mut(&hosted.host.promisee) {
            theirs.remove(&version);
            if theirs.is_empty() {
                self.by_promisee.remove(&hosted.host.promisee);
            }
        }
        let mut audience = self.forget_told(version);
        audience.push(hosted.host.promisee);
        for keeper in &audience {
            if !self.is_bound_to(*keeper, hosted.host.workload) {
                self.custodies.end(*keeper, hosted.host.workload);
            }
        }
        let withdrawal = voice.withdraw(&hosted.offer, reason);
        if let State::Bound { acceptance, .. } = &hosted.state {
            let offer = hosted.offer.id();
            self.by_acceptance.remove(&acceptance.id());
            self.stopping.insert(offer, hosted.entry);
            voice.forget(acceptance.id());
            voice.forget(hosted.intent.id());
            // What was to start and has waited for the disk does not.
            voice.take_back_orders(|order| order.is_for(&offer));
            self.tenants.end(version);
            self.runners.end(version);
            voice.order(Order::Stop { offer });
        } else {
            self.ledger.free(hosted.entry);
        }
        for keeper in audience {
            let withdrawal = SignedRecord::Withdrawal(withdrawal.signed().clone());
            voice.tell(keeper, [withdrawal]);
        }
    }

    /// Stops all that runs, and starts nothing of it again. What was promised stands, and runs out.
    pub(crate) fn stop_all<C: Speech>(&mut self, voice: &mut Voice<C, Order>) {
        self.due.clear();
        self.tenants.clear();
        self.runners.clear();
        voice.take_back_orders(|order| matches!(order, Order::Start(_) | Order::Prolong { .. }));
        for hosted in self.hosted.values().filter(|its| its.is_bound()) {
            let offer = hosted.offer.id();
            voice.order(Order::Stop { offer });
        }
    }

    pub(super) fn insert(&mut self, hosted: Hosted) {
        let version = hosted.offer.version();
        let host = &hosted.host;
        self.by_slot.insert((host.workload, host.slot, version));
        if !hosted.is_handed_over {
            let theirs = self.by_promisee.entry(host.promisee).or_default();
            theirs.insert(version);
        }
        if let Some(at) = hosted.due_at() {
            self.due.insert((at, version));
        }
        self.hosted.insert(version, hosted);
    }

    /// Takes up again what was promised before a start. What was bound stands, and is started; what nobody
    /// had accepted, or what its machine does not cover any more, is withdrawn.
    pub(crate) fn resume<C: Speech>(
        &mut self,
        now: Time,
        was: WasHosted,
        voice: &mut Voice<C, Order>,
    ) {
        let WasHosted {
            offer,
            bound_by,
            keepers,
            is_handed_over,
            ended,
        } = was;
        let Body::Host(host) = offer.body().clone() else {
            return;
        };
        let was_bound = bound_by.is_some();
        let fit = bound_by.filter(|(intent, _)| self.is_fit(intent));
        let bound = fit.and_then(|(intent, acceptance)| {
            let entry = self.ledger.reserve(host.portion).ok()?;
            let lapses_at = Time::from_us(0);
            let mut hosted = Hosted {
                offer: offer.clone(),
                host: host.clone(),
                intent,
                keepers,
                is_handed_over,
                is_replacing: false,
                entry,
                state: State::Offered { lapses_at },
            };
            let start = hosted.bind(acceptance);
            if start.is_none() {
                self.ledger.free(entry);
            }
            Some((hosted, start?))
        });
        voice.hold(offer.id());
        match bound {
            Some((hosted, start)) => {
                voice.hold(start.intent.id());
                voice.hold(start.acceptance.id());
                self.by_acceptance
                    .insert(start.acceptance.id(), offer.version());
                self.insert(hosted);
                self.begin_runs(now, &start, ended);
                self.run(now, start, voice);
                self.tell_keepers(now, offer.version(), [], voice);
            }
            None => {
                // The capacity may be another than at its last start.
                let reason = match was_bound {
                    true => Reason::Revised,
                    false => Reason::Unstated,
                };
                let withdrawal = voice.withdraw(&offer, reason);
                voice.tell(
                    host.promisee,
                    [SignedRecord::Withdrawal(withdrawal.signed().clone())],
                );
            }
        }
    }

    /// The intents of all that is bound.
    pub(crate) fn intents(&self) -> impl Iterator<Item = &Verified<Promise>> {
        let bound = self.hosted.values().filter(|its| its.is_bound());
        bound.map(|its| &its.intent)
    }

    /// What is offered, and whether it is bound.
    pub(crate) fn offers(&self) -> impl Iterator<Item = (&Verified<Promise>, bool)> {
        let hosted = self.hosted.values();
        hosted.map(|its| (&*its.offer, its.is_bound()))
    }

    /// What is left of what the machine has.
    pub(crate) const fn left(&self) -> Resources {
        self.ledger.left()
    }

    /// How many are offered only, and how many are bound.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let bound = self.hosted.values().filter(|its| its.is_bound()).count();
        (self.hosted.len() - bound, bound)
    }
}

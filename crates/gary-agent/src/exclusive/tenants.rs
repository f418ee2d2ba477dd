//! All exclusive hostings of this agent, and what it holds of each.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::{
    AgentId, BootNonce, Claim, Configuration, Tenancy, TenancyWord, Time, Version, WorkloadId,
};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::tenure::{Tenure, Turn};
use super::terms::Terms;
use crate::backoff::Waits;
use crate::hosting::Term;

/// How often whoever holds a tenure asks for more time: four times before it has run out. Up to a quarter is taken away
/// at random, so that hosts do not all ask together.
pub const ASKS_EVERY: Duration = Duration::from_millis(2_500);

/// How long whoever would hold one waits before it asks again.
pub const ASKS_WAITS: Waits = Waits {
    first_ms: 250,
    longest_ms: 1_000,
};

/// Of the agent's seed, what tenures are drawn by: nothing else depends on whether there are any.
const STREAM: u64 = 0x7e4_07e5;

/// All exclusive hostings of this agent, and what it holds of each. They are no more than it hosts.
#[derive(Debug)]
pub(crate) struct Tenants {
    start: BootNonce,
    random: ChaCha8Rng,
    by_offer: BTreeMap<Version, Tenant>,
    due: BTreeSet<(Time, Version)>,
}

/// One exclusive hosting.
#[derive(Debug)]
struct Tenant {
    workload: WorkloadId,
    tenure: Tenure,
    /// Until when its host may run it, as far as that was told.
    until: Option<Time>,
    asks_at: Time,
    /// How often in a row it has asked for what it does not hold.
    asks: u32,
    /// Who was asked: whoever is, is told when it is over.
    asked: BTreeSet<AgentId>,
    runs: Runs,
    /// It is hosted no more, and is over once it has stopped.
    is_over: bool,
    /// When it stands in the queue.
    due_at: Option<Time>,
}

/// What its own host does of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    Nothing,
    /// It runs, or is about to, or fails and is to be started again.
    On,
    /// It was ordered to stop, and has not said that it has.
    Stopping,
}

/// What follows for its own host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// To start it.
    Start,
    /// To run it for longer, if it runs.
    Prolong(Term),
    /// To stop it: its time is up.
    Suspend,
}

impl Tenants {
    /// Those of an agent whose randomness comes from this seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ STREAM);
        Self {
            start: BootNonce(random.random()),
            random,
            by_offer: BTreeMap::new(),
            due: BTreeSet::new(),
        }
    }

    /// It hosts something exclusive by this offer, and tries to hold it from now on.
    pub(crate) fn begin(&mut self, now: Time, offer: Version, workload: WorkloadId) {
        self.by_offer.entry(offer).or_insert_with(|| Tenant {
            workload,
            tenure: Tenure::new(Terms::OURS),
            until: None,
            asks_at: now,
            asks: 0,
            asked: BTreeSet::new(),
            runs: Runs::Nothing,
            is_over: false,
            due_at: None,
        });
        self.queue(offer);
    }

    /// Takes it for started, if it is held and its host has stopped what it ran before. Says for how long.
    pub(crate) fn start(&mut self, now: Time, offer: Version) -> Option<Term> {
        let tenant = self.by_offer.get_mut(&offer)?;
        let until = tenant.until.filter(|until| *until > now)?;
        if tenant.is_over || tenant.runs == Runs::Stopping {
            return None;
        }
        tenant.runs = Runs::On;
        let epoch = tenant.tenure.epoch();
        Some(Term { epoch, until })
    }

    /// Which offers something is to be done about by now.
    pub(crate) fn take_due(&mut self, now: Time) -> Vec<Version> {
        let mut due = Vec::new();
        while let Some((at, offer)) = self.due.first().copied()
            && at <= now
        {
            self.due.pop_first();
            if let Some(tenant) = self.by_offer.get_mut(&offer) {
                tenant.due_at = None;
            }
            due.push(offer);
        }
        due
    }

    pub(crate) fn due_at(&self) -> Option<Time> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Whether it is time to ask for it.
    pub(crate) fn asks(&self, now: Time, offer: Version) -> bool {
        let tenant = self.by_offer.get(&offer);
        tenant.is_some_and(|its| its.asks_at <= now && !its.is_over)
    }

    /// Asks all of these for it, under a stamp that nobody else has. Says what is said to whom.
    pub(crate) fn ask(
        &mut self,
        now: Time,
        offer: Version,
        stamp: Version,
        keepers: impl IntoIterator<Item = AgentId>,
    ) -> Vec<(AgentId, Tenancy)> {
        let Some(tenant) = self.by_offer.get_mut(&offer) else {
            return Vec::new();
        };
        let known = tenant.tenure.keepers().into_iter();
        let known = known.flat_map(Configuration::keepers).copied();
        let to: BTreeSet<AgentId> = keepers.into_iter().chain(known).collect();
        tenant.tenure.ask(now, stamp);
        tenant.asked = to;
        let wait = match tenant.tenure.is_held() {
            true => {
                tenant.asks = 0;
                let every_us = ASKS_EVERY.as_micros() as u64;
                let wait_us = self.random.random_range(every_us - every_us / 4..=every_us);
                Duration::from_micros(wait_us)
            }
            false => {
                tenant.asks = tenant.asks.saturating_add(1);
                ASKS_WAITS.after(tenant.asks, &mut self.random)
            }
        };
        tenant.asks_at = now.after(wait);
        let claim = tenant.claim(offer, self.start);
        let asks = tenant.asked.iter().map(|to| {
            let word = TenancyWord::Asks(stamp);
            let (workload, claim) = (tenant.workload, claim);
            let tenancy = Tenancy {
                workload,
                claim,
                word,
            };
            (*to, tenancy)
        });
        let said = asks.collect();
        self.queue(offer);
        said
    }

    /// A keeper answers. Says what is said to whom, or nothing at all where it is of no claim that stands.
    pub(crate) fn handle(
        &mut self,
        from: AgentId,
        tenancy: &Tenancy,
    ) -> Option<Vec<(AgentId, Tenancy)>> {
        let claim = tenancy.claim;
        let tenant = self.by_offer.get_mut(&claim.offer)?;
        let is_its = tenant.workload == tenancy.workload
            && claim.start == self.start
            && tenant.asked.contains(&from);
        if !is_its || tenant.is_over {
            return None;
        }
        let tenure = &mut tenant.tenure;
        let released = match &tenancy.word {
            TenancyWord::Grants { asked, keepers } => {
                let is_late = tenure.granted(from, claim.epoch, *asked, keepers);
                is_late.then(|| vec![(from, tenant.released(claim))])
            }
            TenancyWord::Refuses {
                asked,
                latest,
                keepers,
            } => {
                let given_up = tenure.refused(*asked, *latest, keepers);
                given_up.map(|epoch| tenant.release(Claim { epoch, ..claim }))
            }
            TenancyWord::Asks(_) | TenancyWord::Releases => return None,
        };
        Some(released.unwrap_or_default())
    }

    /// What has become of it by now, and what follows for its host.
    pub(crate) fn settle(&mut self, now: Time, offer: Version) -> Option<Step> {
        let tenant = self.by_offer.get_mut(&offer)?;
        let turn = tenant.tenure.settle(now, tenant.until);
        let step = match turn {
            Some(Turn::Begins(until)) => {
                tenant.until = Some(until);
                tenant.asks_at = now.after(ASKS_EVERY / 2).max(tenant.asks_at);
                Some(Step::Start)
            }
            Some(Turn::Lasts(until)) => {
                tenant.until = Some(until);
                let epoch = tenant.tenure.epoch();
                (tenant.runs == Runs::On).then_some(Step::Prolong(Term { epoch, until }))
            }
            Some(Turn::Ends) => {
                tenant.until = None;
                tenant.asks = 0;
                tenant.asks_at = now;
                (tenant.runs == Runs::On).then(|| {
                    tenant.runs = Runs::Stopping;
                    Step::Suspend
                })
            }
            None => None,
        };
        self.queue(offer);
        step.filter(|_| !self.is_over(offer))
    }

    fn is_over(&self, offer: Version) -> bool {
        self.by_offer.get(&offer).is_some_and(|its| its.is_over)
    }

    /// It is hosted no more. It is released once its host has stopped it.
    pub(crate) fn end(&mut self, offer: Version) {
        if let Some(tenant) = self.by_offer.get_mut(&offer) {
            tenant.is_over = true;
        }
        self.queue(offer);
    }

    /// Its host has stopped it, or finds that it does not run. Says what is said to whom where it is over, and whether it
    /// is to be started again where it is not.
    pub(crate) fn stopped(&mut self, now: Time, offer: Version) -> (Vec<(AgentId, Tenancy)>, bool) {
        let Some(tenant) = self.by_offer.get_mut(&offer) else {
            return (Vec::new(), false);
        };
        tenant.runs = Runs::Nothing;
        if !tenant.is_over {
            return (Vec::new(), true);
        }
        let said = tenant.release(tenant.claim(offer, self.start));
        let workload = tenant.workload;
        self.unqueue(offer);
        self.by_offer.remove(&offer);
        self.ask_soon(now, workload);
        (said, false)
    }

    /// A later generation of the same may be next here.
    fn ask_soon(&mut self, now: Time, workload: WorkloadId) {
        let of_it = self.by_offer.iter_mut();
        let of_it = of_it.filter(|(_, its)| its.workload == workload);
        let waiting: Vec<Version> = of_it
            .map(|(offer, its)| {
                its.asks_at = its.asks_at.min(now);
                *offer
            })
            .collect();
        for offer in waiting {
            self.queue(offer);
        }
    }

    /// Nothing is hosted any more.
    pub(crate) fn clear(&mut self) {
        self.by_offer.clear();
        self.due.clear();
    }

    fn unqueue(&mut self, offer: Version) {
        if let Some(tenant) = self.by_offer.get_mut(&offer)
            && let Some(at) = tenant.due_at.take()
        {
            self.due.remove(&(at, offer));
        }
    }

    /// It is looked at when it asks, and when its time is up.
    fn queue(&mut self, offer: Version) {
        self.unqueue(offer);
        if let Some(tenant) = self.by_offer.get_mut(&offer).filter(|its| !its.is_over) {
            let at = tenant
                .until
                .map_or(tenant.asks_at, |its| its.min(tenant.asks_at));
            tenant.due_at = Some(at);
            self.due.insert((at, offer));
        }
    }
}

impl Tenant {
    fn claim(&self, offer: Version, start: BootNonce) -> Claim {
        Claim {
            offer,
            start,
            epoch: self.tenure.epoch(),
        }
    }

    /// Tells all who were asked that it holds nothing any more, under this epoch or an earlier one.
    fn release(&self, claim: Claim) -> Vec<(AgentId, Tenancy)> {
        let told = self.asked.iter();
        told.map(|to| (*to, self.released(claim))).collect()
    }

    const fn released(&self, claim: Claim) -> Tenancy {
        Tenancy {
            workload: self.workload,
            claim,
            word: TenancyWord::Releases,
        }
    }
}

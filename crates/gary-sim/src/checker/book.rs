//! What was seen of a world, as all checkers need it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_agent::register::Votes;
use gary_agent::{Assessed, Fact, Order};
use gary_promise::{
    AgentId, Body, Capacity, Entry, Frame, Generation, Promise, PromiseId, Reason, Resources,
    RunKey, SignedRecord, Time, Use, Verified, WorkloadId, WorkloadName,
};

use super::acquaintance::Acquaintance;
use super::cause::Causes;
use super::chosen_runs::ChosenRuns;
use super::entry::{AcceptanceSeen, AgentSeen, DrainSeen, OfferSeen, RunSeen, WorkloadSeen};
use super::hearings::{DECIDED_BEFORE_US, Hearings};
use super::keeps::Keeps;
use super::registers::Registers;
use crate::names::Names;
use crate::reader::Reader;
use crate::seen::Seen;

/// For how long a keeper may count what another has bound and has taken back, in microseconds: a lease, and a look.
const COUNTED_AFTER_US: u64 = 10_000_000 + 2_000_000;

/// What was seen of a world.
#[derive(Debug, Default)]
pub struct Book {
    pub(crate) names: Names,
    pub(super) agents: BTreeMap<AgentId, AgentSeen>,
    pub(super) promises: BTreeMap<PromiseId, Verified<Promise>>,
    pub(super) offers: BTreeMap<PromiseId, OfferSeen>,
    pub(super) acceptances: BTreeMap<PromiseId, AcceptanceSeen>,
    pub(super) runs: BTreeMap<PromiseId, RunSeen>,
    pub(super) workloads: BTreeMap<WorkloadId, WorkloadSeen>,
    /// Which way nothing passes.
    pub(super) cuts: BTreeSet<(AgentId, AgentId)>,
    /// Why hostings may have ended.
    pub(super) causes: Causes,
    /// Records that were not signed as they say, in what was learned last.
    pub(super) forged: u64,
    /// Withdrawals in what was learned last: of what, and why.
    pub(super) taken_back: Vec<(PromiseId, Reason)>,
    /// Offers that somebody was told last are bound by another keeper.
    pub(super) bound: Vec<PromiseId>,
    /// Promises in what was learned last.
    pub(super) made: Vec<PromiseId>,
    /// Promises that somebody has said last to stand on its own sheet.
    pub(super) shown: Vec<PromiseId>,
    /// Whose `+capacity` somebody has heard last, on a sheet.
    pub(super) capacity_heard: Option<AgentId>,
    /// What agents have written down last that they hold whose promises for.
    pub(super) judged: BTreeMap<(AgentId, PromiseId), Assessed>,
    /// Every `+keep` that was ever stored.
    pub(super) keeps: Keeps,
    /// What keepers have heard of the hostings they count.
    pub(super) hearings: Hearings,
    /// Who keeps what by which register.
    pub(super) registers: Registers,
    /// What keepers have on their disks of runs to completion.
    pub(super) chosen_runs: ChosenRuns,
    /// How which run ended that is not what was chosen before, in what was stored last.
    pub(super) lost_run: Option<(WorkloadId, RunKey)>,
    /// Who has heard whose sheet.
    pub(super) acquaintance: Acquaintance,
}

impl Book {
    /// Notes what was just seen.
    pub(crate) fn learn(&mut self, at: Time, seen: &Seen<'_>, reader: &mut Reader) {
        self.read_seen(at, seen, reader);
        self.acquaintance.learn(at, seen, reader);
        // By what is in the book already.
        let mut hearings = std::mem::take(&mut self.hearings);
        hearings.learn(at, seen, self);
        self.hearings = hearings;
    }

    fn read_seen(&mut self, at: Time, seen: &Seen<'_>, reader: &mut Reader) {
        self.forged = 0;
        self.taken_back.clear();
        self.made.clear();
        self.bound.clear();
        self.shown.clear();
        self.registers.turn_over();
        self.capacity_heard = None;
        self.lost_run = None;
        if let Some((_, intent, _)) = seen.committed() {
            self.acknowledge(intent);
        }
        match *seen {
            Seen::Starts {
                agent,
                epoch,
                published,
                consider,
                is_willing,
            } => {
                let its = self.agents.entry(agent).or_insert_with(|| AgentSeen {
                    is_up: true,
                    is_gone: false,
                    consider: consider.cloned(),
                    is_willing,
                    leaves_at: None,
                    drained: None,
                    drained_on_disk: None,
                    undrained: None,
                    published: published.clone(),
                    earlier: Vec::new(),
                    started_at: at,
                    epoch,
                    stalled_until: at,
                    disk: BTreeSet::new(),
                    pending: BTreeMap::new(),
                });
                its.is_up = true;
                its.stalled_until = its.stalled_until.min(at);
                its.started_at = at;
                its.epoch = epoch;
                its.drained = its.drained_on_disk.map(|drain| DrainSeen::new(at, drain));
                self.revised(at, agent, published);
            }
            Seen::Ends { agent, for_good } => {
                if let Some(its) = self.agents.get_mut(&agent) {
                    its.is_up = false;
                    its.is_gone |= for_good;
                }
            }
            Seen::Says { from, to, frame } => {
                self.read_frame(frame, reader);
                self.note_said(at, from, to);
                self.note_shown(from, frame, reader);
            }
            Seen::Hears {
                from, to, frame, ..
            } => {
                self.read_frame(frame, reader);
                self.note_capacity(frame, reader);
                self.note_heard(at, to);
                self.causes_of(from, to, frame);
            }
            Seen::Stores { agent, facts } => {
                self.note_stored(at, agent, facts, reader);
                self.uncover(at, agent);
            }
            Seen::Orders {
                order: Order::Start(start),
                ..
            } => {
                for promise in [&start.intent, &start.offer, &start.acceptance] {
                    self.note_promise(promise);
                }
            }
            Seen::Reports { agent: _, report } => self.causes.report(report),
            Seen::TakesBack { offer, .. } => self.causes.by_person(offer),
            Seen::Revises { agent, published } => self.revised(at, agent, published),
            Seen::Drains { agent, drain } => {
                if let Some(its) = self.agents.get_mut(&agent) {
                    let new = DrainSeen::new(at, drain);
                    let known = *its.drained.get_or_insert(new);
                    its.drained = Some(DrainSeen {
                        until: known.until.min(new.until),
                        then: known.then.max(new.then),
                        ..known
                    });
                }
            }
            Seen::Undrains { agent } => {
                if let Some(its) = self.agents.get_mut(&agent)
                    && let Some(drained) = its.drained.take()
                {
                    its.undrained = Some((at, drained));
                }
            }
            Seen::Leaves { agent, .. } => {
                if let Some(its) = self.agents.get_mut(&agent) {
                    its.leaves_at = Some(at);
                }
                let theirs: Vec<PromiseId> = self.standing_of(agent).map(|(id, _)| *id).collect();
                for offer in theirs {
                    self.causes.by_person(offer);
                }
            }
            Seen::Runs { binding, given, .. } => {
                let binding = *binding;
                let run = RunSeen { binding, given };
                self.runs.insert(binding.id().offer, run);
            }
            Seen::Halts { offer, .. } => {
                self.runs.remove(&offer);
            }
            Seen::Submits { intent, .. } | Seen::Recovers { intent, .. } => {
                if let Some(promise) = reader.promise(intent).cloned() {
                    self.made.push(promise.id());
                    self.note_promise(&promise);
                }
            }
            Seen::Restores { agent, .. } => self.registers.restored(at, agent),
            Seen::Cuts { from, to } => {
                for from in from {
                    self.cuts.extend(to.iter().map(|to| (*from, *to)));
                }
            }
            Seen::Heals => self.cuts.clear(),
            Seen::Calms => {
                self.cuts.clear();
                self.keeps.calm(at);
            }
            Seen::Stalls {
                agent,
                span_ms,
                is_clock,
            } => {
                if let Some(its) = self.agents.get_mut(&agent) {
                    if let Some(drained) = its.drained.as_mut().filter(|_| is_clock) {
                        let until_us = drained.until.as_us().saturating_sub(span_ms * 1_000);
                        drained.until = Time::from_us(until_us);
                    }
                    let until = at.after(Duration::from_millis(span_ms));
                    its.stalled_until = its.stalled_until.max(until);
                }
            }
            _ => {}
        }
    }

    /// The intent with this id, as far as it was seen.
    pub(crate) fn intent(&self, id: &PromiseId) -> Option<&Use> {
        match self.promises.get(id)?.body() {
            Body::Use(wanted) => Some(wanted),
            _ => None,
        }
    }

    /// Whether each owner of this generation of a workload that was seen lets somebody update it: there is more than
    /// one where somebody has tried to update what is not theirs.
    pub(super) fn lets_update(
        &self,
        workload: WorkloadId,
        generation: Generation,
        by: AgentId,
    ) -> impl Iterator<Item = bool> {
        let of_it = self
            .promises
            .values()
            .filter(move |its| its.workload() == Some(workload));
        let intents = of_it.filter_map(move |its| match its.body() {
            Body::Use(wanted) if wanted.lineage.generation() == generation => {
                Some((its.by(), wanted))
            }
            _ => None,
        });
        intents.map(move |(owner, wanted)| owner == by || wanted.updaters.include(by, true))
    }

    /// How an agent is drained, if it is.
    pub(super) fn drained(&self, agent: &AgentId) -> Option<&DrainSeen> {
        self.agents.get(agent)?.drained.as_ref()
    }

    /// Whether an agent is drained, or was so shortly before that it, or others, may go by that still.
    pub(super) fn was_drained(&self, at: Time, agent: &AgentId, for_us: u64) -> bool {
        let seen = self.agents.get(agent);
        seen.is_some_and(|its| {
            let undrained = its.undrained;
            its.drained.is_some()
                || undrained.is_some_and(|(when, _)| at.as_us() <= when.as_us() + for_us)
        })
    }

    /// To whom an offer was made.
    pub(crate) fn made_to(&self, offer: &PromiseId) -> Option<AgentId> {
        self.offers.get(offer).map(|its| its.host.promisee)
    }

    /// Whether nobody is told of an offer but its promiser, which keeps the workload alone or had made it to itself.
    pub(super) fn is_told_to_itself(&self, offer: &PromiseId) -> bool {
        self.offers.get(offer).is_some_and(|its| {
            let (host, promiser) = (&its.host, offer.promiser);
            let mut registers = self.registers.all();
            match its.handed_over_at {
                Some(_) => registers
                    .any(|(workload, keepers)| *workload == host.workload && keepers == [promiser]),
                None => host.promisee == promiser,
            }
        })
    }

    /// Whether an offer was made to an agent, or to another keeper of a workload that it keeps.
    pub(super) fn is_counted_by(&self, offer: &PromiseId, agent: &AgentId) -> bool {
        let host = self.offers.get(offer).map(|its| &its.host);
        host.is_some_and(|its| its.promisee == *agent || self.registers.has(&its.workload, agent))
    }

    /// Whether a keeper counts a hosting by this acceptance: its own, or another's of which it has heard. What an agent
    /// says to itself is not seen.
    pub(super) fn counts(
        &self,
        keeper: AgentId,
        acceptance: &PromiseId,
        its: &AcceptanceSeen,
    ) -> bool {
        let offer = &its.accept.offer;
        let has_heard = || {
            self.registers.has(&its.accept.workload, &keeper)
                && (offer.promiser == keeper || self.hearings.stands_at(keeper, offer).is_some())
        };
        acceptance.promiser == keeper || has_heard()
    }

    /// Whether a keeper still counts a hosting by this acceptance: that another has taken its own back, it goes by once
    /// it has heard that the host did.
    pub(super) fn still_counts(
        &self,
        keeper: AgentId,
        acceptance: &PromiseId,
        its: &AcceptanceSeen,
    ) -> bool {
        let offer = &its.accept.offer;
        let stands = match () {
            () if acceptance.promiser == keeper => its.is_counted(),
            () if offer.promiser == keeper => self.stands(offer),
            () => self.hearings.withdrawn_at(keeper, offer).is_none(),
        };
        stands && self.counts(keeper, acceptance, its)
    }

    /// Whether other keepers have bound some of a workload, now or of late: of which of it a keeper has heard, and when,
    /// nobody can say for certain.
    pub(super) fn others_have_bound(
        &self,
        at: Time,
        keeper: AgentId,
        workload: &WorkloadId,
    ) -> bool {
        self.acceptances.iter().any(|(id, its)| {
            let is_late = |when: Time| at.as_us() <= when.as_us() + COUNTED_AFTER_US;
            id.promiser != keeper
                && its.accept.workload == *workload
                && its.stored_at.is_some()
                && its.withdrawn.is_none_or(|(when, _)| is_late(when))
        })
    }

    /// Whether an offer stands.
    pub(super) fn stands(&self, offer: &PromiseId) -> bool {
        let offer = self.offers.get(offer);
        offer.is_some_and(|its| its.withdrawn_at.is_none())
    }

    /// The offers that stand: said or stored, and not taken back.
    pub(super) fn standing(&self) -> impl Iterator<Item = (&PromiseId, &OfferSeen)> {
        let offers = self.offers.iter();
        offers.filter(|(_, its)| its.withdrawn_at.is_none())
    }

    /// All offers of an agent.
    pub(super) fn offers_of(
        &self,
        agent: AgentId,
    ) -> impl Iterator<Item = (&PromiseId, &OfferSeen)> {
        let theirs = self.offers.range(first_of(agent)..);
        theirs.take_while(move |(id, _)| id.promiser == agent)
    }

    /// The offers of an agent that stand.
    pub(super) fn standing_of(
        &self,
        agent: AgentId,
    ) -> impl Iterator<Item = (&PromiseId, &OfferSeen)> {
        let theirs = self.offers_of(agent);
        theirs.filter(|(_, its)| its.withdrawn_at.is_none())
    }

    /// When an agent had more room than before, the last time.
    pub(super) fn last_freed(&self, agent: AgentId) -> Option<Time> {
        let theirs = self.offers_of(agent);
        theirs.filter_map(|(_, its)| its.withdrawn_at).max()
    }

    /// Whether nothing passes between two, in some direction.
    pub(super) fn is_cut(&self, one: AgentId, other: AgentId) -> bool {
        self.cuts.contains(&(one, other)) || self.cuts.contains(&(other, one))
    }

    /// Since when an agent was awake, after this time.
    pub(super) fn awake_since(&self, agent: &AgentId, when: Time) -> Time {
        let seen = self.agents.get(agent);
        seen.map_or(when, |its| its.stalled_until.max(when))
    }

    /// Whether an agent is up.
    pub(super) fn is_up(&self, agent: &AgentId) -> bool {
        self.agents.get(agent).is_some_and(|its| its.is_up)
    }

    /// What an agent's sheet says that its machine has, and what it said when it may have decided what it says now.
    pub(super) fn published(&self, at: Time, agent: &AgentId) -> impl Iterator<Item = &Capacity> {
        let seen = self.agents.get(agent);
        seen.into_iter().flat_map(move |its| {
            let decided_us = at.as_us().saturating_sub(DECIDED_BEFORE_US);
            let is_late = its.stalled_until.as_us() >= decided_us;
            its.published_since(Time::from_us(if is_late { 0 } else { decided_us }))
        })
    }

    fn revised(&mut self, at: Time, agent: AgentId, published: &Capacity) {
        if let Some(its) = self.agents.get_mut(&agent) {
            its.revise(at, published);
        }
        self.uncover(at, agent);
    }

    /// Where an agent has just revised what it has, what finds no room any more, from the earliest on, may end. What it
    /// had offered by then may show only now, and it may have revised that more than once since.
    fn uncover(&mut self, at: Time, agent: AgentId) {
        let published: Vec<Resources> = self
            .published(at, &agent)
            .map(|its| its.resources)
            .collect();
        if published.len() < 2 {
            return;
        }
        let mut uncovered = Vec::new();
        for mut left in published {
            for (id, its) in self.standing_of(agent) {
                match left.minus(its.host.portion.resources()) {
                    Some(after) => left = after,
                    None => uncovered.push(*id),
                }
            }
        }
        for offer in uncovered {
            self.causes.by_person(offer);
        }
    }

    /// How much an agent's standing offers take together; `None` where that is more than there can be.
    pub(super) fn promised_of(&self, agent: AgentId) -> Option<Resources> {
        let standing = self.standing_of(agent);
        let mut standing = standing.map(|(_, its)| its.host.portion.resources());
        standing.try_fold(Resources::NONE, Resources::plus)
    }

    fn acknowledge(&mut self, intent: PromiseId) {
        let generation = self.intent(&intent).map(|its| its.lineage.generation());
        let workload = self.promises.get(&intent).and_then(|its| its.workload());
        let (Some(generation), Some(workload)) = (generation, workload) else {
            return;
        };
        let seen = self.workloads.entry(workload).or_insert(WorkloadSeen {
            acknowledged: intent,
            generation,
        });
        if seen.generation <= generation {
            seen.generation = generation;
            seen.acknowledged = intent;
        }
    }

    fn read_frame(&mut self, frame: &Frame, reader: &mut Reader) {
        match frame {
            Frame::Told(batch) => {
                for record in batch.records() {
                    self.read(record, reader);
                }
            }
            Frame::Bound(bound) => {
                let halves = [&bound.offer, &bound.acceptance];
                match halves.map(|its| reader.promise(its).map(|its| its.id())) {
                    [Some(offer), Some(_)] => self.bound.push(offer),
                    _ => self.forged += 1,
                }
            }
            Frame::Invitation(invitation) => match reader.promise(&invitation.intent) {
                Some(promise) => {
                    let promise = promise.clone();
                    self.made.push(promise.id());
                    self.note_promise(&promise);
                }
                None => self.forged += 1,
            },
            _ => {}
        }
    }

    fn read(&mut self, record: &SignedRecord, reader: &mut Reader) {
        match record {
            SignedRecord::Promise(signed) => match reader.promise(signed).cloned() {
                Some(promise) => {
                    self.made.push(promise.id());
                    self.note_promise(&promise);
                }
                None => self.forged += 1,
            },
            SignedRecord::Withdrawal(signed) => {
                let reason = reader.withdrawal(signed).map(|its| its.reason());
                let of = reader.taken_back(signed);
                match of.zip(reason) {
                    Some(taken_back) => self.taken_back.push(taken_back),
                    None => self.forged += 1,
                }
            }
            SignedRecord::SheetHead(_) | SignedRecord::Unknown(_) => {}
        }
    }

    /// What an agent has said.
    fn note_said(&mut self, at: Time, from: AgentId, to: AgentId) {
        for id in self.made.iter().filter(|id| id.promiser == from) {
            if let Some(offer) = self.offers.get_mut(id)
                && offer.host.promisee == to
            {
                offer.told_at.get_or_insert(at);
            }
        }
        for (id, reason) in self.taken_back.iter().filter(|(id, _)| id.promiser == from) {
            if let Some(offer) = self.offers.get_mut(id) {
                offer.withdrawn_at.get_or_insert(at);
            }
            if let Some(acceptance) = self.acceptances.get_mut(id) {
                let (_, why) = acceptance.withdrawn.get_or_insert((at, None));
                why.get_or_insert(*reason);
            }
        }
    }

    /// What an agent has said to stand on its own sheet. What others relay may be old.
    fn note_shown(&mut self, from: AgentId, frame: &Frame, reader: &mut Reader) {
        let Frame::Sheet(part) = frame else {
            return;
        };
        for record in part.made.records().iter().filter(|its| its.by() == from) {
            if let SignedRecord::Promise(signed) = record
                && let Some(promise) = reader.promise(signed)
            {
                self.shown.push(promise.id());
            }
        }
    }

    /// Whether a part of a sheet says what a machine has.
    fn note_capacity(&mut self, frame: &Frame, reader: &mut Reader) {
        let Frame::Sheet(part) = frame else {
            return;
        };
        let says = part.made.records().iter().any(|record| match record {
            SignedRecord::Promise(signed) => reader
                .promise(signed)
                .is_some_and(|its| matches!(its.body(), Body::Capacity(_))),
            _ => false,
        });
        self.capacity_heard = says.then(|| part.head.by());
    }

    /// What an agent has heard.
    fn note_heard(&mut self, at: Time, to: AgentId) {
        for id in &self.made {
            if let Some(acceptance) = self.acceptances.get_mut(id)
                && acceptance.accept.offer.promiser == to
            {
                acceptance.heard_at.get_or_insert(at);
                note_accepted(at, &mut self.offers, id.promiser, acceptance);
            }
        }
        for (id, _) in &self.taken_back {
            if let Some(acceptance) = self.acceptances.get_mut(id)
                && acceptance.accept.offer.promiser == to
            {
                acceptance.withdrawal_heard_at.get_or_insert(at);
            }
        }
    }

    fn note_stored(&mut self, at: Time, agent: AgentId, facts: &[Fact], reader: &mut Reader) {
        for fact in facts {
            match fact {
                Fact::Record(record) => {
                    self.read(record, reader);
                    let Some(id) = reader.id(record) else {
                        continue;
                    };
                    if let Some(its) = self.agents.get_mut(&agent) {
                        its.disk.insert(id);
                    }
                    if let Some(promise) = self.promises.get(&id)
                        && id.promiser == agent
                    {
                        self.keeps.made(at, promise);
                    }
                    if let Some(acceptance) = self.acceptances.get_mut(&id)
                        && id.promiser == agent
                    {
                        acceptance.stored_at.get_or_insert(at);
                        acceptance.is_handed_over = false;
                        // What an agent tells itself needs no frame.
                        if acceptance.accept.offer.promiser == agent {
                            acceptance.heard_at.get_or_insert(at);
                            note_accepted(at, &mut self.offers, agent, acceptance);
                        }
                    }
                }
                Fact::Forgotten(id) => {
                    if let Some(its) = self.agents.get_mut(&agent) {
                        its.disk.remove(id);
                    }
                    if id.promiser != agent {
                        continue;
                    }
                    self.keeps.forgotten(at, id);
                    if let Some(offer) = self.offers.get_mut(id) {
                        offer.withdrawn_at.get_or_insert(at);
                    }
                    if let Some(acceptance) = self.acceptances.get_mut(id) {
                        let workload = &acceptance.accept.workload;
                        acceptance.is_handed_over = self.registers.has_left(workload, &agent);
                    }
                    if let Some(acceptance) = self.acceptances.get_mut(id)
                        && !acceptance.is_handed_over
                    {
                        acceptance.withdrawn.get_or_insert((at, None));
                        let offer = acceptance.accept.offer;
                        if offer.promiser == agent {
                            acceptance.withdrawal_heard_at.get_or_insert(at);
                            self.causes.by_keeper(offer);
                        }
                    }
                }
                Fact::Votes { name, votes } => {
                    self.note_votes(at, agent, (name, votes), reader);
                }
                Fact::HostsFor {
                    offer,
                    is_handed_over,
                    ..
                } => {
                    if let Some(offer) = self.offers.get_mut(offer) {
                        let since = offer.handed_over_at.unwrap_or(at);
                        offer.handed_over_at = is_handed_over.then_some(since);
                    }
                }
                Fact::Drained(drain) => {
                    if let Some(its) = self.agents.get_mut(&agent) {
                        its.drained_on_disk = *drain;
                    }
                }
                Fact::Pending {
                    intent, refused, ..
                } => {
                    if let Some(its) = self.agents.get_mut(&agent) {
                        its.pending.insert(*intent, refused.is_some());
                    }
                }
                Fact::Settled(intent) => {
                    if let Some(its) = self.agents.get_mut(&agent) {
                        its.pending.remove(intent);
                    }
                }
                Fact::Keeps { .. }
                | Fact::Stood { .. }
                | Fact::Acquainted(_)
                | Fact::Committed(_)
                | Fact::Saw { .. }
                | Fact::SetBack(_)
                | Fact::Collected { .. }
                | Fact::HandedOver { .. }
                | Fact::Granted { .. }
                | Fact::Ended { .. }
                | Fact::Ungranted(_) => {}
                Fact::Assessed(assessed) => {
                    let of = (agent, assessed.assessment.promise());
                    self.judged.insert(of, *assessed);
                }
            }
        }
    }

    /// An agent has on its disk how it has voted.
    fn note_votes(
        &mut self,
        at: Time,
        agent: AgentId,
        (name, votes): (&WorkloadName, &Votes<Entry>),
        reader: &mut Reader,
    ) {
        for vote in [votes.voted(), votes.chosen()].into_iter().flatten() {
            let Some(intent) = reader.promise(&vote.entrusted.content.intent).cloned() else {
                self.forged += 1;
                continue;
            };
            self.note_promise(&intent);
            self.registers.voted(agent, &intent);
            for earlier in vote.entrusted.content.earlier.iter() {
                self.registers.stood(agent, *earlier);
            }
            let is_chosen = Some(vote) == votes.chosen();
            if let (Body::Use(wanted), Some(workload)) = (intent.body(), intent.workload()) {
                let runs = &mut self.chosen_runs;
                let lost = runs.note(agent, workload, wanted, (votes, is_chosen));
                self.lost_run = self.lost_run.or(lost.map(|key| (workload, key)));
            }
            if is_chosen {
                let keepers = &vote.entrusted.configuration;
                self.registers.chosen(at, agent, &intent, keepers);
                if let Some(workload) = intent.workload() {
                    self.registers.means(agent, name, workload, keepers);
                }
            }
        }
    }

    fn note_promise(&mut self, promise: &Verified<Promise>) {
        let id = promise.id();
        if self.promises.contains_key(&id) {
            return;
        }
        self.promises.insert(id, promise.clone());
        if let Some(workload) = promise.workload() {
            self.names.workload(workload);
        }
        match promise.body() {
            Body::Host(host) => {
                let offer = OfferSeen {
                    host: host.clone(),
                    told_at: None,
                    accepted_at: None,
                    withdrawn_at: None,
                    handed_over_at: None,
                };
                self.offers.insert(id, offer);
            }
            Body::Accept(accept) => {
                let acceptance = AcceptanceSeen {
                    accept: *accept,
                    stored_at: None,
                    heard_at: None,
                    withdrawn: None,
                    withdrawal_heard_at: None,
                    is_handed_over: false,
                };
                self.acceptances.insert(id, acceptance);
            }
            _ => {}
        }
    }
}

/// The first promise that an agent can ever make.
fn first_of(agent: AgentId) -> PromiseId {
    PromiseId {
        promiser: agent,
        version: gary_promise::Version::first(gary_promise::BootEpoch(0)),
    }
}

/// Whom an offer was made to has accepted it, and its promiser has heard so.
fn note_accepted(
    at: Time,
    offers: &mut BTreeMap<PromiseId, OfferSeen>,
    by: AgentId,
    acceptance: &AcceptanceSeen,
) {
    if let Some(offer) = offers.get_mut(&acceptance.accept.offer)
        && offer.host.promisee == by
    {
        offer.accepted_at.get_or_insert(at);
    }
}

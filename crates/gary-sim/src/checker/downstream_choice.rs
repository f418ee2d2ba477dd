//! 19. Downstream choice: the user selects and fails over by its own assessment.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::{Assessed, Fact};
use gary_promise::{
    Accept, AgentId, Broken, Dismissal, Frame, Invitation, Judgement, PromiseId, Refusal, Slot,
    Time, WorkloadId,
};

use super::crowding::Crowding;
use super::experiences::Experiences;
use super::hearings::DECIDED_BEFORE_US;
use super::undecided::Undecided;
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// How soon everybody has to have answered for it to be certain which offers a keeper chose among, in
/// microseconds: less than it waits for answers.
const ALL_ANSWER_WITHIN_US: u64 = 150_000;

/// A keeper, for the owner whose intent it keeps, counts only offers that their promisers themselves made to it.
/// Of several it takes none that is worse in spread, and where it held a hosting for broken it turns to somebody
/// else if there is anybody.
#[derive(Debug, Default)]
pub(super) struct DownstreamChoice {
    /// When a keeper has first heard an offer from who made it.
    offered: BTreeMap<PromiseId, Time>,
    rounds: BTreeMap<(AgentId, WorkloadId), Round>,
    /// When a keeper has last heard somebody refuse a slot of an intent.
    refused: BTreeMap<(AgentId, AgentId), BTreeMap<(PromiseId, Slot), Time>>,
    /// Which offers a keeper counts, by its acceptances.
    counted: BTreeMap<AgentId, BTreeMap<PromiseId, Accept>>,
    /// Whom a keeper has found to break its promise of a slot of which workload.
    failed: BTreeMap<(AgentId, WorkloadId, Slot), AgentId>,
    undecided: Undecided,
    experiences: Experiences,
    premises: u64,
}

/// Whom a keeper has invited last for a workload, and what has come of it.
#[derive(Debug)]
struct Round {
    opened_at: Time,
    intent: PromiseId,
    awaited: BTreeSet<(AgentId, Slot)>,
    /// Who had refused which slots so shortly before that it may have been taken for the answer: a round begins when it is
    /// decided on, and shows once that is stored. What they offer then may have come too late.
    forestalled: BTreeSet<(AgentId, Slot)>,
    answered_at: Time,
    offers: BTreeMap<Slot, BTreeSet<PromiseId>>,
}

impl Round {
    /// Whether everybody answered before the keeper could choose without waiting for them.
    fn is_certain(&self) -> bool {
        let took_us = self.answered_at.as_us() - self.opened_at.as_us();
        self.awaited.is_empty() && took_us < ALL_ANSWER_WITHIN_US
    }

    /// For how many of the slots that come after this one an agent has offered; `None` where it may have counted
    /// or not.
    fn offered_after(
        &self,
        keeper: AgentId,
        slot: Slot,
        agent: &AgentId,
        book: &Book,
    ) -> Option<usize> {
        let offers = self.offers.iter().filter(|(its, _)| **its > slot);
        let theirs = offers.flat_map(|(_, offers)| offers);
        let theirs: Vec<&PromiseId> = theirs.filter(|its| its.promiser == *agent).collect();
        let mut forestalled = self.forestalled.iter();
        let is_certain = !forestalled.any(|(who, its)| who == agent && *its > slot)
            && theirs
                .iter()
                .all(|its| book.hearings.withdrawn_at(keeper, its).is_none());
        is_certain.then_some(theirs.len())
    }
}

impl Checker for DownstreamChoice {
    fn property(&self) -> Property {
        Property {
            number: 19,
            name: "downstream choice",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        self.undecided.check(at, seen, book)?;
        match *seen {
            Seen::Starts { agent, .. } => {
                self.rounds.retain(|(keeper, _), _| *keeper != agent);
                self.failed.retain(|(keeper, _, _), _| *keeper != agent);
                self.refused.retain(|(keeper, _), _| *keeper != agent);
                self.experiences.forget(agent);
            }
            // By a clock that jumped nobody can say when a round was over.
            Seen::Stalls { agent, .. } => {
                self.rounds.retain(|(keeper, _), _| *keeper != agent);
            }
            Seen::Says {
                from,
                to,
                frame: Frame::Invitation(invitation),
            } => self.invited(at, from, to, invitation, book),
            Seen::Says {
                from,
                to,
                frame: Frame::Dismissal(dismissal),
            } => self.dismissed(from, to, dismissal),
            Seen::Hears {
                from, to, frame, ..
            } => {
                // A refusal of an earlier generation may come yet, and answers nothing.
                let is_current = |refusal: &Refusal| {
                    let round = self.rounds.get(&(to, refusal.workload));
                    round.is_some_and(|its| its.intent == refusal.intent)
                };
                if let Frame::Refusal(refusal) = frame {
                    if is_current(refusal) {
                        let slots = refusal.slots.iter().copied();
                        self.answered(at, to, from, refusal.workload, slots);
                    }
                    let slots = refusal.slots.iter();
                    let refused = self.refused.entry((to, from)).or_default();
                    refused.extend(slots.map(|slot| ((refusal.intent, *slot), at)));
                }
                for id in book.made.iter().filter(|id| id.promiser == from) {
                    self.offers(at, to, id, book);
                }
            }
            Seen::Stores { agent, facts } => {
                // What an agent offers to itself it hears at once.
                for id in book.made.iter().filter(|id| id.promiser == agent) {
                    self.offers(at, agent, id, book);
                }
                let judged = facts.iter().filter_map(|fact| match fact {
                    Fact::Assessed(assessed) => Some(assessed),
                    _ => None,
                });
                for assessed in judged {
                    self.judged(at, agent, assessed);
                }
                return self.stored(at, agent, facts, book);
            }
            _ => {}
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl DownstreamChoice {
    fn invited(
        &mut self,
        at: Time,
        keeper: AgentId,
        to: AgentId,
        invitation: &Invitation,
        book: &Book,
    ) {
        for intent in &book.made {
            let workload = book.promises.get(intent).and_then(|its| its.workload());
            let Some(workload) = workload else { continue };
            let new = || Round {
                opened_at: at,
                intent: *intent,
                awaited: BTreeSet::new(),
                forestalled: BTreeSet::new(),
                answered_at: at,
                offers: BTreeMap::new(),
            };
            let round = self.rounds.entry((keeper, workload)).or_insert_with(new);
            if round.opened_at != at {
                *round = new();
            }
            let refused = self.refused.get(&(keeper, to));
            for slot in invitation.slots.iter() {
                let refused_at = refused.and_then(|its| its.get(&(*intent, *slot)));
                let is_late = |when: &Time| at.as_us() <= when.as_us() + DECIDED_BEFORE_US;
                match refused_at.is_some_and(is_late) {
                    true => round.forestalled.insert((to, *slot)),
                    false => round.awaited.insert((to, *slot)),
                };
            }
        }
    }

    /// What is dismissed is not chosen among any more.
    fn dismissed(&mut self, keeper: AgentId, to: AgentId, dismissal: &Dismissal) {
        let rounds = self.rounds.iter_mut();
        let theirs = rounds.filter(|((its, _), _)| *its == keeper);
        for offers in theirs.flat_map(|(_, round)| round.offers.values_mut()) {
            offers.retain(|its| its.promiser != to || !dismissal.offers.contains(&its.version));
        }
    }

    fn answered(
        &mut self,
        at: Time,
        keeper: AgentId,
        by: AgentId,
        workload: WorkloadId,
        slots: impl IntoIterator<Item = Slot>,
    ) {
        if let Some(round) = self.rounds.get_mut(&(keeper, workload)) {
            for slot in slots {
                if round.awaited.remove(&(by, slot)) {
                    round.answered_at = at;
                }
            }
        }
    }

    fn offers(&mut self, at: Time, keeper: AgentId, id: &PromiseId, book: &Book) {
        let Some(offer) = book.offers.get(id) else {
            return;
        };
        let host = &offer.host;
        if host.promisee != keeper || self.offered.contains_key(id) {
            return;
        }
        self.offered.insert(*id, at);
        let place = (keeper, host.workload);
        let round = self.rounds.get(&place);
        // An offer of an earlier generation may come yet, and answers nothing.
        let generation = round.and_then(|its| book.intent(&its.intent));
        if generation.is_none_or(|its| its.lineage.generation() != host.generation) {
            return;
        }
        let is_asked = round.is_some_and(|its| its.awaited.contains(&(id.promiser, host.slot)));
        self.answered(at, keeper, id.promiser, host.workload, [host.slot]);
        if is_asked && let Some(round) = self.rounds.get_mut(&place) {
            round.offers.entry(host.slot).or_default().insert(*id);
        }
    }

    /// A host that withdrew has broken nothing.
    fn judged(&mut self, at: Time, keeper: AgentId, assessed: &Assessed) {
        let (judgement, promise) = (
            assessed.assessment.judgement(),
            assessed.assessment.promise(),
        );
        if let Judgement::Broken(Broken::Expired { .. } | Broken::Contrary { .. }) = judgement
            && let Some(slot) = assessed.slot
        {
            let place = (keeper, assessed.workload, slot);
            self.failed.insert(place, promise.promiser);
            self.experiences.broken(at, keeper, promise.promiser);
        }
    }

    fn stored(&mut self, at: Time, agent: AgentId, facts: &[Fact], book: &Book) -> Verdict {
        let mut made = book.made.iter();
        let mut over = BTreeSet::new();
        for fact in facts {
            match fact {
                // The book has read the same records, in the same order.
                Fact::Record(_) => {
                    let id = made.next();
                    if let Some(id) = id {
                        self.forget_unused(agent, id, book);
                    }
                    if let Some(id) = id
                        && let Some(acceptance) = book.acceptances.get(id)
                        && id.promiser == agent
                        && !self.counts(agent, id)
                    {
                        // What it had handed over and keeps again, it counts again, and chooses nothing.
                        if acceptance.stored_at < Some(at) {
                            let counted = self.counted.entry(agent).or_default();
                            counted.insert(*id, acceptance.accept);
                            continue;
                        }
                        over.insert((agent, acceptance.accept.workload));
                        self.accepted(at, agent, id, &acceptance.accept, book)?;
                    }
                }
                Fact::Forgotten(id) => {
                    if let Some(counted) = self.counted.get_mut(&agent) {
                        counted.remove(id);
                    }
                }
                Fact::Keeps { .. }
                | Fact::Votes { .. }
                | Fact::HostsFor { .. }
                | Fact::Stood { .. }
                | Fact::Acquainted(_)
                | Fact::Pending { .. }
                | Fact::Settled(_)
                | Fact::Committed(_)
                | Fact::Saw { .. }
                | Fact::SetBack(_)
                | Fact::Collected { .. }
                | Fact::HandedOver { .. }
                | Fact::Granted { .. }
                | Fact::Ended { .. }
                | Fact::Ungranted(_)
                | Fact::Drained(_)
                | Fact::Assessed(_) => {}
            }
        }
        // Who asks nobody but itself is not heard to ask: the next round may be another.
        self.rounds.retain(|place, _| !over.contains(place));
        Ok(())
    }

    /// Who failed in a slot that is not used any more is as good as another once it is used again.
    fn forget_unused(&mut self, keeper: AgentId, intent: &PromiseId, book: &Book) {
        let workload = book.promises.get(intent).and_then(|its| its.workload());
        if let Some((wanted, workload)) = book.intent(intent).zip(workload) {
            self.failed.retain(|(by, of, slot), _| {
                (*by, *of) != (keeper, workload) || wanted.valency.has(*slot)
            });
        }
    }

    fn counts(&self, keeper: AgentId, acceptance: &PromiseId) -> bool {
        let theirs = self.counted.get(&keeper);
        theirs.is_some_and(|its| its.contains_key(acceptance))
    }

    fn accepted(
        &mut self,
        at: Time,
        keeper: AgentId,
        id: &PromiseId,
        accept: &Accept,
        book: &Book,
    ) -> Verdict {
        let (name, what) = (
            book.names.of_agent(&keeper),
            book.names.of_promise(&accept.offer),
        );
        if !self.offered.contains_key(&accept.offer) {
            return Err(format!(
                "{name} counts {what}, which it has not heard from who made it"
            ));
        }
        let epoch = book.agents.get(&keeper).map(|its| its.epoch);
        let asked_in = book.offers.get(&accept.offer).map(|its| its.host.asked_in);
        if asked_in != epoch {
            return Err(format!(
                "{name} counts {what}, for which it asked in another life"
            ));
        }
        let heard = book.hearings.withdrawn_at(keeper, &accept.offer);
        if heard.is_some_and(|when| at.as_us() > when.as_us() + DECIDED_BEFORE_US) {
            return Err(format!("{name} counts {what} after it was withdrawn"));
        }
        let chosen = self.check_choice(at, keeper, accept, book);
        let counted = self.counted.entry(keeper).or_default();
        counted.insert(*id, *accept);
        if let Some(offer) = book.offers.get(&accept.offer) {
            let place = (keeper, accept.workload, offer.host.slot);
            self.failed.remove(&place);
        }
        chosen
    }

    /// Of several offers, the one that is taken is no worse than the others.
    fn check_choice(&mut self, at: Time, keeper: AgentId, accept: &Accept, book: &Book) -> Verdict {
        let Some((round, slot)) = self.round_of(keeper, accept, book) else {
            return Ok(());
        };
        let all = round.offers.get(&slot).into_iter().flatten();
        let others: Vec<PromiseId> = all
            .filter(|its| **its != accept.offer)
            .filter(|its| book.hearings.withdrawn_at(keeper, its).is_none())
            .copied()
            .collect();
        if others.is_empty()
            || !self.knows_whom_it_counts(keeper, book)
            || book.others_have_bound(at, keeper, &accept.workload)
            || self.counts_on_who_leaves(keeper, book)
        {
            return Ok(());
        }
        let place = (keeper, accept.workload, slot);
        let failed = self.failed.get(&place).copied();
        let mut better = others.iter().filter(|its| Some(its.promiser) != failed);
        let chosen = accept.offer.promiser;
        let (name, what) = (
            book.names.of_agent(&keeper),
            book.names.of_promise(&accept.offer),
        );
        self.premises += 1;
        if failed == Some(chosen) {
            return match better.next() {
                Some(other) => {
                    let other = book.names.of_promise(other);
                    Err(format!(
                        "{name} returns to {what} after a breakage, and had {other}"
                    ))
                }
                None => Ok(()),
            };
        }
        let Some(crowding) = self.crowding(keeper, accept, book) else {
            return Ok(());
        };
        let around = crowding.around(&chosen, book);
        let better: Vec<PromiseId> = better.copied().collect();
        let mut spreads = better.iter();
        if let Some(other) = spreads.find(|its| crowding.around(&its.promiser, book) < around) {
            let other = book.names.of_promise(other);
            return Err(format!("{name} counts {what}, and {other} spreads better"));
        }
        self.check_bid(at, keeper, accept, &better, &crowding, book)
    }

    /// Of those that spread alike and have offered as much besides, none that promises more is left for the one
    /// that is taken.
    fn check_bid(
        &self,
        at: Time,
        keeper: AgentId,
        accept: &Accept,
        others: &[PromiseId],
        crowding: &Crowding,
        book: &Book,
    ) -> Verdict {
        let Some((round, slot)) = self.round_of(keeper, accept, book) else {
            return Ok(());
        };
        // What a keeper asks of itself is not seen, and so not how much it offers besides.
        if accept.offer.promiser == keeper {
            return Ok(());
        }
        let place = |agent: &AgentId| {
            let besides = round.offered_after(keeper, slot, agent, book)?;
            Some((crowding.around(agent, book), besides))
        };
        let Some(chosen) = place(&accept.offer.promiser) else {
            return Ok(());
        };
        let mut alike = others
            .iter()
            .filter(|its| place(&its.promiser).as_ref() == Some(&chosen));
        let promises_more = |other: &&PromiseId| {
            let (experiences, mine) = (&self.experiences, &accept.offer);
            experiences.promises_more(at, keeper, other, mine, book) == Some(true)
        };
        let Some(other) = alike.find(promises_more) else {
            return Ok(());
        };
        let (name, what, other) = (
            book.names.of_agent(&keeper),
            book.names.of_promise(&accept.offer),
            book.names.of_promise(other),
        );
        Err(format!("{name} counts {what}, and {other} promises more"))
    }

    /// The round that an acceptance ends, if it is certain what was offered in it.
    fn round_of(&self, keeper: AgentId, accept: &Accept, book: &Book) -> Option<(&Round, Slot)> {
        let slot = book.offers.get(&accept.offer)?.host.slot;
        let round = self.rounds.get(&(keeper, accept.workload))?;
        (round.is_certain() && round.intent == accept.intent).then_some((round, slot))
    }

    /// Whether a keeper has accepted since its start all that it counts: then it knows the machines.
    fn knows_whom_it_counts(&self, keeper: AgentId, book: &Book) -> bool {
        let started_at = book.agents.get(&keeper).map(|its| its.started_at);
        let mut theirs = self.counted.get(&keeper).into_iter().flatten();
        theirs.all(|(id, _)| {
            let stored_at = book.acceptances.get(id).and_then(|its| its.stored_at);
            stored_at > started_at
        })
    }

    /// Whether a keeper counts anything of somebody's that leaves: that crowds nothing, once it has heard so.
    fn counts_on_who_leaves(&self, keeper: AgentId, book: &Book) -> bool {
        let mut theirs = self.counted.get(&keeper).into_iter().flatten();
        theirs.any(|(_, its)| {
            let seen = book.agents.get(&its.offer.promiser);
            seen.is_some_and(|its| its.drained.is_some() || its.undrained.is_some())
        })
    }

    /// How many hostings of the intent's generation a keeper counts where.
    fn crowding(&self, keeper: AgentId, accept: &Accept, book: &Book) -> Option<Crowding> {
        let intent = book.intent(&accept.intent)?;
        let generation = intent.lineage.generation();
        let mut crowding = Crowding::new(&intent.spread);
        for counted in self.counted.get(&keeper).into_iter().flatten() {
            let of = book.offers.get(&counted.1.offer);
            if of.is_some_and(|its| {
                (its.host.workload, its.host.generation) == (accept.workload, generation)
            }) {
                crowding.add(counted.1.offer.promiser, book);
            }
        }
        Some(crowding)
    }
}

//! 6. Under any race, what an agent has promised never exceeds its capacity by its own ledger; excess gets an
//!    explicit refusal.

use std::collections::BTreeMap;

use gary_promise::{AgentId, Frame, Host, PromiseId, Resources, Slot, Time, Use};

use super::entry::fits;
use super::hearings::DECIDED_BEFORE_US;
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// How long an agent may take to answer an invitation, in microseconds.
const ANSWERS_WITHIN_US: u64 = 2_000_000;

/// How long an offer that nobody accepts may stand, in microseconds: for as long as agents let it, and what it
/// takes to store its end.
const LAPSES_WITHIN_US: u64 = 3_000_000 + 1_000_000;

/// What an agent offers and what its host runs is never more than it has promised to have, is stored before it
/// is said, and whoever is invited answers.
#[derive(Debug, Default)]
pub(super) struct Valency {
    /// Who has to answer whom for which slots of which intent, since when.
    invited: BTreeMap<(AgentId, AgentId, PromiseId, Slot), Time>,
    /// Offers of which their promisers have not heard that anybody accepts them, since when.
    unaccepted: BTreeMap<PromiseId, Time>,
    premises: u64,
}

impl Checker for Valency {
    fn property(&self) -> Property {
        Property {
            number: 6,
            name: "valency",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Says {
                from, to, frame, ..
            } => {
                self.note_answer(from, to, frame, book);
                if offers_anew(from, book) {
                    check_stored(from, book)?;
                    check_room(at, from, book)?;
                    check_offers(at, from, book)?;
                }
            }
            Seen::Stores { agent, .. } => {
                self.unaccepted
                    .extend(made_by(agent, book).map(|id| (*id, at)));
                if offers_anew(agent, book) {
                    check_room(at, agent, book)?;
                }
            }
            Seen::Hears {
                from,
                to,
                frame: Frame::Invitation(invitation),
                is_noise: false,
            } => {
                for intent in &book.made {
                    for slot in invitation.slots.iter() {
                        self.invited.insert((to, from, *intent, *slot), at);
                    }
                }
            }
            Seen::Starts { agent, .. } | Seen::Ends { agent, .. } => {
                self.invited
                    .retain(|(invited, _, _, _), _| *invited != agent);
            }
            Seen::Runs { agent, .. } => check_runs(at, agent, book)?,
            _ => {}
        }
        self.check_lapses(at, book)
    }

    fn scan(&mut self, at: Time, book: &Book) -> Verdict {
        for agent in book.agents.keys() {
            check_room(at, *agent, book)?;
            check_runs(at, *agent, book)?;
        }
        for ((invited, by, _, slot), when) in &self.invited {
            if at.as_us() > when.as_us() + ANSWERS_WITHIN_US {
                let (invited, by) = (book.names.of_agent(invited), book.names.of_agent(by));
                return Err(format!("{invited} never answers {by} about slot {slot}"));
            }
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl Valency {
    fn note_answer(&mut self, from: AgentId, to: AgentId, frame: &Frame, book: &Book) {
        if let Frame::Refusal(refusal) = frame {
            if matches!(refusal.why, gary_promise::Why::NoRoom { .. }) {
                self.premises += 1;
            }
            for slot in refusal.slots.iter() {
                self.invited.remove(&(from, to, refusal.intent, *slot));
            }
        }
        for id in book.made.iter().filter(|id| id.promiser == from) {
            if let Some(offer) = book.offers.get(id) {
                let (workload, slot) = (offer.host.workload, offer.host.slot);
                self.invited.retain(|(invited, by, intent, wanted), _| {
                    let is_its = book.promises.get(intent).and_then(|its| its.workload());
                    (*invited, *by, *wanted) != (from, to, slot) || is_its != Some(workload)
                });
            }
        }
    }

    /// What nobody accepts lapses, and its room is free.
    fn check_lapses(&mut self, at: Time, book: &Book) -> Verdict {
        self.unaccepted.retain(|id, _| {
            let offer = book.offers.get(id);
            offer.is_some_and(|its| its.withdrawn_at.is_none() && its.accepted_at.is_none())
        });
        for (id, when) in &self.unaccepted {
            let seen = book.agents.get(&id.promiser);
            let Some(seen) = seen.filter(|its| its.is_up) else {
                continue;
            };
            let since = book.awake_since(&id.promiser, seen.started_at.max(*when));
            if at.as_us() > since.as_us() + LAPSES_WITHIN_US {
                let what = book.names.of_promise(id);
                return Err(format!("{what} was never accepted, and does not lapse"));
            }
        }
        Ok(())
    }
}

/// Whether there are offers of the agent's in what was just seen.
fn offers_anew(agent: AgentId, book: &Book) -> bool {
    made_by(agent, book).next().is_some()
}

/// The offers of the agent's in what was just seen.
fn made_by(agent: AgentId, book: &Book) -> impl Iterator<Item = &PromiseId> {
    let made = book.made.iter();
    made.filter(move |id| id.promiser == agent && book.offers.contains_key(id))
}

/// What an agent says it offers, it has stored.
fn check_stored(agent: AgentId, book: &Book) -> Verdict {
    let disk = book.agents.get(&agent).map(|its| &its.disk);
    for id in book.made.iter().filter(|id| id.promiser == agent) {
        let stands = book
            .offers
            .get(id)
            .is_some_and(|its| its.withdrawn_at.is_none());
        if stands && !disk.is_some_and(|its| its.contains(id)) {
            let (name, offer) = (book.names.of_agent(&agent), book.names.of_promise(id));
            return Err(format!("{name} offers {offer} before it is stored"));
        }
    }
    Ok(())
}

/// What an agent has offered and not taken back is no more than it has.
fn check_room(at: Time, agent: AgentId, book: &Book) -> Verdict {
    let offered = book
        .standing_of(agent)
        .map(|(_, its)| its.host.portion.resources());
    // What was withdrawn and has not stopped yet takes room all the same.
    let stopping = book.runs.iter().filter(|(offer, _)| {
        let withdrawn_at = book.offers.get(offer).and_then(|its| its.withdrawn_at);
        offer.promiser == agent && withdrawn_at.is_some()
    });
    let stopping = stopping.map(|(_, run)| run.binding.enforced().resources());
    check_sum(at, "has offered", agent, offered.chain(stopping), book)
}

/// An agent offers once for a slot, and only what its machine is.
fn check_offers(at: Time, agent: AgentId, book: &Book) -> Verdict {
    let made = book.made.iter().filter(|id| id.promiser == agent);
    for (id, offer) in made.filter_map(|id| Some((id, book.offers.get(id)?))) {
        let of = |its: &Host| (its.workload, its.slot, its.generation);
        let mut others = book.standing_of(agent).filter(|(other, its)| {
            **other != *id && offer.withdrawn_at.is_none() && of(&its.host) == of(&offer.host)
        });
        let (name, what) = (book.names.of_agent(&agent), book.names.of_promise(id));
        if let Some((other, _)) = others.next() {
            let other = book.names.of_promise(other);
            return Err(format!("{name} offers {what} and {other} for one slot"));
        }
        let intents = book.promises.iter().filter_map(|(intent, promise)| {
            let wanted = book.intent(intent)?;
            let is_of_it = promise.workload() == Some(offer.host.workload)
                && wanted.lineage.generation() == offer.host.generation;
            is_of_it.then_some(wanted)
        });
        let is_fit = |wanted: &Use| {
            let mut published = book.published(at, &agent);
            published.any(|its| fits(its, &wanted.needs))
        };
        // There is more than one where somebody has tried to update what is not theirs.
        let intents: Vec<&Use> = intents.collect();
        if !intents.is_empty() && !intents.into_iter().any(is_fit) {
            return Err(format!("{name} offers {what}, which does not fit it"));
        }
        let seen = book.agents.get(&agent);
        if seen.is_some_and(|its| !its.is_willing) {
            return Err(format!("{name} offers {what}, and wants to host nothing"));
        }
        let drained = book.drained(&agent);
        let is_late = drained.is_some_and(|its| {
            let since = book.awake_since(&agent, its.since);
            at.as_us() > since.as_us() + DECIDED_BEFORE_US
        });
        if is_late && offer.told_at.is_none_or(|when| when == at) {
            return Err(format!("{name} offers {what}, and is drained"));
        }
    }
    Ok(())
}

/// What its host runs is no more than it has.
fn check_runs(at: Time, agent: AgentId, book: &Book) -> Verdict {
    let theirs = book
        .runs
        .iter()
        .filter(|(offer, _)| offer.promiser == agent);
    check_sum(at, "runs", agent, theirs.map(|(_, its)| its.given), book)
}

fn check_sum(
    at: Time,
    does: &str,
    agent: AgentId,
    amounts: impl Iterator<Item = Resources>,
    book: &Book,
) -> Verdict {
    let Some(seen) = book.agents.get(&agent) else {
        return Ok(());
    };
    let mut sum = Some(Resources::NONE);
    for amount in amounts {
        sum = sum.and_then(|sum| sum.plus(amount));
    }
    let is_covered = |sum| {
        let mut published = book.published(at, &agent);
        published.any(|its| its.resources.covers(sum))
    };
    if !sum.is_some_and(is_covered) {
        let (name, has) = (book.names.of_agent(&agent), seen.published.resources);
        let sum = sum.map_or("more than there is".to_owned(), |sum| sum.to_string());
        return Err(format!("{name} {does} {sum}, and has promised {has}"));
    }
    Ok(())
}

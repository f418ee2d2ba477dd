//! 7. Capacity is a promise, not telemetry: a change in free memory moves no work; a revised promise does.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::Order;
use gary_promise::{AgentId, PromiseId, Reason, Resources, Time};

use super::room::taken;
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// How soon what finds no room any more has to be taken back, in microseconds: it is stored first.
const REVISED_WITHIN_US: u64 = 2_000_000;

/// Where free memory has changed, hostings end for the reasons for which they end elsewhere. Where an agent promises
/// less than before, it takes back what that does not cover. It bids the share of its machine that it has not promised,
/// and not another.
#[derive(Debug, Default)]
pub(super) struct CapacityIsPromised {
    measured: BTreeSet<AgentId>,
    /// Who has revised what its machine has, since when.
    revised: BTreeMap<AgentId, Time>,
    premises: u64,
}

impl Checker for CapacityIsPromised {
    fn property(&self) -> Property {
        Property {
            number: 7,
            name: "capacity is a promise",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Measures { agent, .. } => {
                let runs = book.runs.keys().filter(|offer| offer.promiser == agent);
                self.premises += runs.count() as u64;
                self.measured.insert(agent);
            }
            Seen::Revises { agent, .. } | Seen::Starts { agent, .. } => {
                let uncovered = book.standing_of(agent);
                let uncovered = uncovered.filter(|(id, _)| book.causes.is_by_person(id));
                self.premises += uncovered.count() as u64;
                self.revised.insert(agent, at);
            }
            Seen::Ends { agent, .. } => {
                self.revised.remove(&agent);
            }
            Seen::Says { from, .. } => check_reason(from, book)?,
            Seen::Stores { agent, .. } => {
                for id in book.made.iter().filter(|id| id.promiser == agent) {
                    check_bid(at, id, book)?;
                }
            }
            Seen::Orders {
                agent,
                order: Order::Stop { offer },
            } if self.measured.contains(&agent) && !book.has_cause(at, offer) => {
                let (name, offer) = (book.names.of_agent(&agent), book.names.of_promise(offer));
                return Err(format!(
                    "{name} stops {offer} for nobody's word, after a measurement"
                ));
            }
            _ => {}
        }
        self.check_revised(at, book)
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl CapacityIsPromised {
    fn check_revised(&mut self, at: Time, book: &Book) -> Verdict {
        let due = self.revised.extract_if(.., |agent, when| {
            at.as_us() > book.awake_since(agent, *when).as_us() + REVISED_WITHIN_US
        });
        for (agent, _) in due {
            check_covered(&agent, book)?;
        }
        Ok(())
    }
}

/// What an agent has offered is no more than it says to have by now.
fn check_covered(agent: &AgentId, book: &Book) -> Verdict {
    let Some(seen) = book.agents.get(agent) else {
        return Ok(());
    };
    let (sum, has) = (book.promised_of(*agent), seen.published.resources);
    match sum.is_some_and(|sum| has.covers(sum)) {
        true => Ok(()),
        false => {
            let name = book.names.of_agent(agent);
            Err(format!("{name} has {has} by now, and takes nothing back"))
        }
    }
}

/// What is taken back since its promiser has revised what its machine has, had no room any more.
fn check_reason(agent: AgentId, book: &Book) -> Verdict {
    let mut taken_back = book.taken_back.iter();
    let covered = taken_back.find(|(id, why)| {
        id.promiser == agent && *why == Reason::Revised && !book.causes.is_by_person(id)
    });
    match covered {
        Some((id, _)) => {
            let what = book.names.of_promise(id);
            Err(format!(
                "{what} is taken back for a revision that leaves room for it"
            ))
        }
        None => Ok(()),
    }
}

/// A bid is no less than what is left when all that was withdrawn of late takes room yet, and no more than what is left
/// when none of it does.
fn check_bid(at: Time, id: &PromiseId, book: &Book) -> Verdict {
    let Some(offer) = book.offers.get(id) else {
        return Ok(());
    };
    let (at_least, at_most) = taken(at, id.promiser, Some(id), book);
    let bid = u64::from(offer.host.bid.0);
    let is_honest = |all: &Resources| {
        let (least, most) = (share(*all, at_most), share(*all, at_least));
        (least..=most).contains(&bid)
    };
    let mut published = book.published(at, &id.promiser);
    if published.any(|its| is_honest(&its.resources)) {
        return Ok(());
    }
    let what = book.names.of_promise(id);
    Err(format!(
        "{what} bids {bid} thousandths, which is not what is left where {at_least} are promised"
    ))
}

/// How much is left of all when so much is taken, in thousandths, of whichever is scarcer.
fn share(all: Resources, taken: Resources) -> u64 {
    let share = |all: u64, taken: u64| all.saturating_sub(taken) * 1_000 / all.max(1);
    let cpu = share(all.cpu_cores_micro(), taken.cpu_cores_micro());
    cpu.min(share(all.memory_bytes(), taken.memory_bytes()))
}

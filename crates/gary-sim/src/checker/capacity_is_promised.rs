//! 7. Capacity is a promise, not telemetry: a change in free memory moves no work; a revised promise does.
//!
//! An agent cannot revise its capacity yet, so that only the first half is checked, and that what an agent bids
//! follows from its capacity and its own promises.

use std::collections::BTreeSet;
use std::time::Duration;

use gary_agent::Order;
use gary_promise::{AgentId, PromiseId, Resources, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// How long what was withdrawn may take to stop, and takes room until then.
const STOPS_WITHIN: Duration = Duration::from_secs(30);

/// Where free memory has changed, hostings end for the reasons for which they end elsewhere. An agent bids the share of
/// its machine that it has not promised, and not another.
#[derive(Debug, Default)]
pub(super) struct CapacityIsPromised {
    measured: BTreeSet<AgentId>,
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
            Seen::Stores { agent, .. } => {
                for id in book.made.iter().filter(|id| id.promiser == agent) {
                    check_bid(at, id, book)?;
                }
            }
            Seen::Orders {
                agent,
                order: Order::Stop { offer },
            } if self.measured.contains(&agent) && !book.causes.has(offer) => {
                let (name, offer) = (book.names.of_agent(&agent), book.names.of_promise(offer));
                return Err(format!(
                    "{name} stops {offer} for nobody's word, after a measurement"
                ));
            }
            _ => {}
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

/// A bid is no less than what is left when all that was withdrawn of late takes room yet, and no more than what is left
/// when none of it does.
fn check_bid(at: Time, id: &PromiseId, book: &Book) -> Verdict {
    let (Some(offer), Some(seen)) = (book.offers.get(id), book.agents.get(&id.promiser)) else {
        return Ok(());
    };
    let all = seen.published.resources;
    let (mut least, mut most) = (all, all);
    for (_, its) in book
        .offers_of(id.promiser)
        .take_while(|(other, _)| *other <= id)
    {
        let taken = its.host.portion.resources();
        let left_at = its.withdrawn_at.map(|when| when.after(STOPS_WITHIN));
        if left_at.is_none_or(|until| at <= until) {
            least = minus(least, taken);
        }
        if its.withdrawn_at.is_none() {
            most = minus(most, taken);
        }
    }
    let bid = u64::from(offer.host.bid.0);
    if (per_mille(least, all)..=per_mille(most, all)).contains(&bid) {
        return Ok(());
    }
    let (name, what) = (book.names.of_agent(&id.promiser), book.names.of_promise(id));
    Err(format!(
        "{name} bids {bid} thousandths with {what}, and has at most {most} of {all} left"
    ))
}

fn minus(all: Resources, taken: Resources) -> Resources {
    let cpu = all
        .cpu_cores_micro()
        .saturating_sub(taken.cpu_cores_micro());
    let memory = all.memory_bytes().saturating_sub(taken.memory_bytes());
    Resources::new(cpu, memory).unwrap_or(Resources::NONE)
}

/// How much is left of all, in thousandths, of whichever is scarcer.
fn per_mille(left: Resources, all: Resources) -> u64 {
    let cpu = left.cpu_cores_micro() * 1_000 / all.cpu_cores_micro().max(1);
    let memory = left.memory_bytes() * 1_000 / all.memory_bytes().max(1);
    cpu.min(memory)
}

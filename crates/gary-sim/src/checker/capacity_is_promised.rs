//! 7. Capacity is a promise, not telemetry: a change in free memory moves no work; a revised promise does.
//!
//! An agent cannot revise its capacity yet, so that only the first half is checked.

use std::collections::BTreeSet;

use gary_agent::Order;
use gary_promise::{AgentId, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// Where free memory has changed, hostings end for the reasons for which they end elsewhere.
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

    fn check(&mut self, _at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Measures { agent, .. } => {
                let runs = book.runs.keys().filter(|offer| offer.promiser == agent);
                self.premises += runs.count() as u64;
                self.measured.insert(agent);
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

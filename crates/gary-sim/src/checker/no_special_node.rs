//! 16. Kill any node, the one that took the deploy and the first one included; bindings continue, and no role
//!     survives as privilege.

use std::collections::BTreeSet;

use gary_agent::Order;
use gary_promise::{PromiseId, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// Where the node that took the deploy is down, what is bound goes on, and only a host's own failing ends it.
#[derive(Debug, Default)]
pub(super) struct NoSpecialNode {
    /// Hostings that ran when the node that keeps them went down for good.
    orphans: BTreeSet<PromiseId>,
    premises: u64,
}

impl Checker for NoSpecialNode {
    fn property(&self) -> Property {
        Property {
            number: 16,
            name: "no special node",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Ends { agent, for_good } => {
                let bound = book.runs.iter().filter(|(offer, run)| {
                    run.binding.keeper() == agent && offer.promiser != agent
                });
                for (offer, _) in bound {
                    self.premises += 1;
                    // What runs to completion ends by itself.
                    if for_good && !book.completes(offer) && !book.has_cause(at, offer) {
                        self.orphans.insert(*offer);
                    }
                }
            }
            Seen::Orders {
                agent,
                order: Order::Stop { offer },
            } => {
                let keeper = book.made_to(offer);
                let is_down = keeper.is_some_and(|keeper| !book.is_up(&keeper));
                let was_bound = book.runs.contains_key(offer);
                if is_down && was_bound && !book.has_cause(at, offer) {
                    let name = book.names.of_agent(&agent);
                    let offer = book.names.of_promise(offer);
                    return Err(format!("{name} stops {offer} because its keeper is down"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn scan(&mut self, at: Time, book: &Book) -> Verdict {
        for offer in &self.orphans {
            let is_excused = !book.is_up(&offer.promiser)
                || book.has_cause(at, offer)
                || book
                    .offers
                    .get(offer)
                    .is_some_and(|its| book.lacks_majority(at, &its.host.workload));
            if !book.runs.contains_key(offer) && !is_excused {
                let offer = book.names.of_promise(offer);
                return Err(format!(
                    "{offer} does not run any more; its keeper was killed"
                ));
            }
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

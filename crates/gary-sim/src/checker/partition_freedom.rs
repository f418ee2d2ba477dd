//! 18. Both sides of a partition keep and make promises; healing shows the surplus, and withdrawal resolves it.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::Order;
use gary_promise::{Frame, PromiseId, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// A host that cannot reach its keeper goes on; a keeper that cannot reach a host counts others; and of two that
/// share a slot afterwards, never do both withdraw for each other.
#[derive(Debug, Default)]
pub(super) struct PartitionFreedom {
    /// By whose word who has won against whom.
    settled: BTreeMap<PromiseId, PromiseId>,
    /// Whose hosts have withdrawn by that word.
    withdrawn: BTreeSet<PromiseId>,
    premises: u64,
}

impl Checker for PartitionFreedom {
    fn property(&self) -> Property {
        Property {
            number: 18,
            name: "partition freedom",
        }
    }

    fn check(&mut self, _at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Hears {
                to,
                frame: Frame::Surplus(surplus),
                is_noise: false,
                ..
            } if surplus.yours.promiser == to => {
                self.premises += 1;
                self.settled.insert(surplus.yours, surplus.winner);
            }
            Seen::Orders {
                agent,
                order: Order::Stop { offer },
            } => {
                self.withdrawn.insert(*offer);
                if let Some(winner) = self.settled.get(offer)
                    && self.settled.get(winner) == Some(offer)
                    && self.withdrawn.contains(winner)
                {
                    let (one, other) =
                        (book.names.of_promise(offer), book.names.of_promise(winner));
                    return Err(format!("{one} and {other} are withdrawn for each other"));
                }
                let keeper = book.offers.get(offer).map(|its| its.host.promisee);
                let is_cut = keeper.is_some_and(|keeper| book.is_cut(agent, keeper));
                if is_cut && !book.causes.has(offer) {
                    let name = book.names.of_agent(&agent);
                    let offer = book.names.of_promise(offer);
                    return Err(format!(
                        "{name} stops {offer} because it cannot reach its keeper"
                    ));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

//! 2. A record that was not signed by its promiser is refused everywhere, relayed or not.

use std::collections::BTreeSet;

use gary_agent::Order;
use gary_promise::{AgentId, Frame, Generation, Time, WorkloadId};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// Nobody says or stores what somebody else is said to have signed and has not, and nobody tells what is
/// another's to tell.
#[derive(Debug, Default)]
pub(super) struct NoPromisingForOthers {
    /// Whom somebody has invited for which generation of which workload, by an intent that was signed.
    invited: BTreeSet<(AgentId, AgentId, WorkloadId, Generation)>,
    premises: u64,
}

impl Checker for NoPromisingForOthers {
    fn property(&self) -> Property {
        Property {
            number: 2,
            name: "no promising for others",
        }
    }

    fn check(&mut self, _at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Hears {
                from,
                to,
                frame: Frame::Invitation(_),
                ..
            } => {
                self.premises += book.forged;
                for id in &book.made {
                    let workload = book.promises.get(id).and_then(|its| its.workload());
                    let generation = book.intent(id).map(|its| its.lineage.generation());
                    if let Some((workload, generation)) = workload.zip(generation) {
                        self.invited.insert((to, from, workload, generation));
                    }
                }
            }
            Seen::Hears { .. } => self.premises += book.forged,
            Seen::Says { from, frame, .. } => {
                let name = book.names.of_agent(&from);
                if book.forged > 0 {
                    return Err(format!("{name} says what nobody has signed"));
                }
                if let Frame::Told(batch) = frame
                    && let Some(other) = batch.records().iter().find(|its| its.by() != from)
                {
                    let other = book.names.of_agent(&other.by());
                    return Err(format!("{name} tells what is {other}'s to tell"));
                }
                self.check_offers(from, book)?;
                for id in &book.made {
                    let Some(acceptance) = book.acceptances.get(id) else {
                        continue;
                    };
                    let offer = book.offers.get(&acceptance.accept.offer);
                    if offer.is_some_and(|its| its.host.promisee != id.promiser) {
                        let offer = book.names.of_promise(&acceptance.accept.offer);
                        return Err(format!("{name} accepts {offer}, made to somebody else"));
                    }
                }
            }
            Seen::Stores { agent, .. } if book.forged > 0 => {
                let name = book.names.of_agent(&agent);
                return Err(format!("{name} stores what nobody has signed"));
            }
            Seen::Orders {
                agent,
                order: Order::Start(start),
            } if start.offer.by() != agent => {
                let name = book.names.of_agent(&agent);
                return Err(format!("{name} runs by the promise of another"));
            }
            _ => {}
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl NoPromisingForOthers {
    /// Whoever offers was invited by an intent that its owner has signed.
    fn check_offers(&self, from: AgentId, book: &Book) -> Verdict {
        for id in book.made.iter().filter(|id| id.promiser == from) {
            let Some(offer) = book.offers.get(id) else {
                continue;
            };
            let host = &offer.host;
            let by = (from, host.promisee, host.workload, host.generation);
            if host.promisee != from && !self.invited.contains(&by) {
                let (name, what) = (book.names.of_agent(&from), book.names.of_promise(id));
                return Err(format!(
                    "{name} offers {what}, and was invited by nothing that was signed"
                ));
            }
        }
        Ok(())
    }
}

//! 1. No frame from any peer starts, stops or resizes a component unless the receiver had published a promise
//!    that covers it.

use std::collections::BTreeMap;

use gary_agent::Order;
use gary_promise::{PromiseId, Resources, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// Whatever a host does, its own agent has promised.
#[derive(Debug, Default)]
pub(super) struct NoRemoteCommand {
    sizes: BTreeMap<PromiseId, Resources>,
    premises: u64,
}

impl Checker for NoRemoteCommand {
    fn property(&self) -> Property {
        Property {
            number: 1,
            name: "no remote command",
        }
    }

    fn check(&mut self, _at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        let Seen::Orders { agent, order } = *seen else {
            return Ok(());
        };
        let name = |offer: &PromiseId| book.names.of_promise(offer);
        let host = book.names.of_agent(&agent);
        match order {
            Order::Start(start) => {
                self.premises += 1;
                let offer = start.binding.id().offer;
                let seen = book.offers.get(&offer);
                let is_own = offer.promiser == agent && start.offer.id() == offer;
                // To itself an agent publishes by storing.
                let disk = book.agents.get(&agent).map(|its| &its.disk);
                let is_published = seen.is_some_and(|its| match its.host.promisee == agent {
                    true => disk.is_some_and(|disk| disk.contains(&offer)),
                    false => its.told_at.is_some(),
                });
                if !is_own || !is_published {
                    return Err(format!(
                        "{host} starts {}, which it never offered",
                        name(&offer)
                    ));
                }
                let size = start.binding.enforced().resources();
                if *self.sizes.entry(offer).or_insert(size) != size {
                    return Err(format!("{host} resizes {}", name(&offer)));
                }
                Ok(())
            }
            Order::Stop { offer } => {
                let withdrawn = book.offers.get(offer).and_then(|its| its.withdrawn_at);
                if offer.promiser != agent || withdrawn.is_none() {
                    let offer = name(offer);
                    return Err(format!("{host} stops {offer}, which it has not withdrawn"));
                }
                Ok(())
            }
        }
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

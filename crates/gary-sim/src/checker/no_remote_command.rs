//! 1. No frame from any peer starts, stops or resizes a component unless the receiver had published a promise
//!    that covers it.

use std::collections::BTreeMap;

use gary_agent::Order;
use gary_promise::{AgentId, Generation, PromiseId, Resources, Time, WorkloadId};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// Whatever a host does, its own agent has promised.
#[derive(Debug, Default)]
pub(super) struct NoRemoteCommand {
    sizes: BTreeMap<PromiseId, Resources>,
    /// The intents that persons were told are committed, by their generations.
    taken: BTreeMap<(WorkloadId, Generation), PromiseId>,
    premises: u64,
}

impl Checker for NoRemoteCommand {
    fn property(&self) -> Property {
        Property {
            number: 1,
            name: "no remote command",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        if let Some((teller, intent, _)) = seen.committed() {
            return self.check_taken(teller, intent, book);
        }
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
                check_considered(agent, &start.intent.id(), book)?;
                let size = start.binding.enforced().resources();
                if *self.sizes.entry(offer).or_insert(size) != size {
                    return Err(format!("{host} resizes {}", name(&offer)));
                }
                Ok(())
            }
            // Of what runs by its own agent's promise, only until when is said.
            Order::Prolong { offer, .. } | Order::Suspend { offer } => {
                match offer.promiser == agent {
                    true => Ok(()),
                    false => Err(format!("{host} has {} run, which is not its", name(offer))),
                }
            }
            Order::Stop { offer } => {
                let withdrawn = book.offers.get(offer).and_then(|its| its.withdrawn_at);
                if offer.promiser != agent || withdrawn.is_none() {
                    let offer = name(offer);
                    return Err(format!("{host} stops {offer}, which it has not withdrawn"));
                }
                if !book.has_cause(at, offer) {
                    let offer = name(offer);
                    return Err(format!("{host} stops {offer}, and nobody had it to"));
                }
                Ok(())
            }
        }
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl NoRemoteCommand {
    /// What a person submits is taken only from whom the one before lets update it, and one of each generation.
    fn check_taken(&mut self, teller: AgentId, id: PromiseId, book: &Book) -> Verdict {
        check_considered(teller, &id, book)?;
        let workload = book.promises.get(&id).and_then(|its| its.workload());
        let (Some(workload), Some(wanted)) = (workload, book.intent(&id)) else {
            return Ok(());
        };
        let (name, what) = (book.names.of_agent(&teller), book.names.of_promise(&id));
        let generation = wanted.lineage.generation();
        let same = self.taken.insert((workload, generation), id);
        if let Some(other) = same.filter(|its| *its != id) {
            let other = book.names.of_promise(&other);
            return Err(format!(
                "{name} takes {what}, and {other} is of its generation"
            ));
        }
        let before = self
            .taken
            .range((workload, Generation::FIRST)..(workload, generation));
        let Some((before, earlier)) = before
            .last()
            .filter(|((_, its), _)| its.next() == Some(generation))
            .and_then(|(_, before)| Some((before, book.intent(before)?)))
        else {
            return Ok(());
        };
        if id.promiser != before.promiser && !earlier.updaters.include(id.promiser, true) {
            return Err(format!("{name} takes {what} of who may not update it"));
        }
        Ok(())
    }
}

/// Whoever keeps or hosts something has promised to look at what its owner submits.
fn check_considered(agent: AgentId, intent: &PromiseId, book: &Book) -> Verdict {
    let seen = book.agents.get(&agent);
    if seen.is_none_or(|its| its.considers(intent.promiser)) {
        return Ok(());
    }
    let (name, what) = (book.names.of_agent(&agent), book.names.of_promise(intent));
    Err(format!(
        "{name} takes up {what}, whose owner it does not consider"
    ))
}

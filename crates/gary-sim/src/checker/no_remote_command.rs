//! 1. No frame from any peer starts, stops or resizes a component unless the receiver had published a promise
//!    that covers it.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::Order;
use gary_promise::{AgentId, PromiseId, Resources, Time, WorkloadId};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// Whatever a host does, its own agent has promised.
#[derive(Debug, Default)]
pub(super) struct NoRemoteCommand {
    sizes: BTreeMap<PromiseId, Resources>,
    /// What was ever stored, by whom.
    stored: BTreeSet<(AgentId, PromiseId)>,
    /// The intents that their owners were told are taken, the last of each workload.
    taken: BTreeMap<WorkloadId, PromiseId>,
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
        if let Seen::Stores { agent, .. } = *seen {
            let made = book.made.iter().map(|id| (agent, *id));
            self.stored.extend(made);
        }
        if let Seen::Acknowledges {
            keeper,
            intent,
            workload,
        } = *seen
        {
            return self.check_taken(keeper, intent, workload, book);
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
            Order::Stop { offer } => {
                let withdrawn = book.offers.get(offer).and_then(|its| its.withdrawn_at);
                if offer.promiser != agent || withdrawn.is_none() {
                    let offer = name(offer);
                    return Err(format!("{host} stops {offer}, which it has not withdrawn"));
                }
                if !book.has_cause(offer) {
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
    /// What a person submits is taken only from whom the one before lets update it, each later than the one
    /// before, and is on disk when they are told.
    fn check_taken(
        &mut self,
        keeper: AgentId,
        id: PromiseId,
        workload: WorkloadId,
        book: &Book,
    ) -> Verdict {
        let (name, what) = (book.names.of_agent(&keeper), book.names.of_promise(&id));
        if !self.stored.contains(&(keeper, id)) {
            return Err(format!(
                "{name} says that it keeps {what}, and has not stored it"
            ));
        }
        check_considered(keeper, &id, book)?;
        let before = self.taken.insert(workload, id);
        let before = before.filter(|its| *its != id);
        let both = before.and_then(|before| Some((before, book.intent(&before)?)));
        let (Some((before, earlier)), Some(wanted)) = (both, book.intent(&id)) else {
            return Ok(());
        };
        if wanted.lineage.generation() <= earlier.lineage.generation() {
            return Err(format!("{name} takes {what} after a later generation"));
        }
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

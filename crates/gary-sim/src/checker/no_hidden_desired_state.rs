//! 17. No store lists what some other node should run.

use gary_agent::Fact;
use gary_promise::{Body, PromiseId, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// What an agent stores is its own word, an owner's intent, or the other half of its own: an offer that was
/// made to it, or an acceptance of what it has offered. Who hosts what stands there by each host's own word.
#[derive(Debug, Default)]
pub(super) struct NoHiddenDesiredState {
    premises: u64,
}

impl Checker for NoHiddenDesiredState {
    fn property(&self) -> Property {
        Property {
            number: 17,
            name: "no hidden desired state",
        }
    }

    fn check(&mut self, _at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        let Seen::Stores { agent, facts } = *seen else {
            return Ok(());
        };
        let records = facts.iter().filter(|its| matches!(its, Fact::Record(_)));
        let others: Vec<&PromiseId> = book
            .made
            .iter()
            .filter(|its| its.promiser != agent)
            .collect();
        if records.count() != book.made.len() {
            let name = book.names.of_agent(&agent);
            return Err(format!("{name} stores what is no promise"));
        }
        let is_anothers =
            |its: &Fact| matches!(its, Fact::Keeps { keep, .. } if keep.promiser != agent);
        if facts.iter().any(is_anothers) {
            let name = book.names.of_agent(&agent);
            return Err(format!("{name} stores what another should keep"));
        }
        for id in others {
            self.premises += 1;
            let may = match book.promises.get(id).map(|its| its.body()) {
                Some(Body::Use(_)) => true,
                Some(Body::Host(host)) => host.promisee == agent,
                Some(Body::Accept(accept)) => accept.offer.promiser == agent,
                _ => false,
            };
            if !may {
                let (name, what) = (book.names.of_agent(&agent), book.names.of_promise(id));
                return Err(format!("{name} stores {what}, which is between others"));
            }
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

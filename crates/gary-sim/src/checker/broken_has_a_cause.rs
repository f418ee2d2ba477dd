//! 11. Broken has a cause: the promise, the observer, the evidence and the time can be told.

use std::collections::BTreeSet;

use gary_agent::Fact;
use gary_promise::{Judgement, PromiseId, Reason, Time, Value};

use super::notes::Notes;
use super::{Book, Checker, Verdict, first_hand};
use crate::property::Property;
use crate::seen::Seen;

/// Whatever a keeper lets go of as broken, it has written down first by which cause; and the cause is true of
/// what it has seen, and what is written down of any judgement is true of its promise.
#[derive(Debug, Default)]
pub(super) struct BrokenHasACause {
    notes: Notes,
    /// Offers that were written down to be broken, by their keepers.
    accounted: BTreeSet<PromiseId>,
    premises: u64,
}

impl Checker for BrokenHasACause {
    fn property(&self) -> Property {
        Property {
            number: 11,
            name: "broken has a cause",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Stores { agent, facts } => {
                for fact in facts {
                    let Fact::Assessed(assessed) = fact else {
                        continue;
                    };
                    if let Err(why) = self.notes.check(agent, assessed, book) {
                        let promise = assessed.assessment.promise();
                        let judgement = assessed.assessment.judgement();
                        return Err(blame(agent, promise, judgement, why, book));
                    }
                    let (judgement, promise) = (
                        assessed.assessment.judgement(),
                        assessed.assessment.promise(),
                    );
                    if judgement.value() != Value::Broken {
                        continue;
                    }
                    let cause = first_hand::check(at, assessed, None, book);
                    if let Err(why) = cause {
                        return Err(blame(agent, promise, judgement, why, book));
                    }
                    self.accounted.insert(promise);
                }
            }
            Seen::Says { from, .. } => {
                let taken_back = book.taken_back.iter();
                for (id, _) in
                    taken_back.filter(|(id, why)| id.promiser == from && *why == Reason::Unstated)
                {
                    let Some(acceptance) = book.acceptances.get(id) else {
                        continue;
                    };
                    self.premises += 1;
                    let offer = acceptance.accept.offer;
                    if !self.accounted.contains(&offer) {
                        let (keeper, offer) =
                            (book.names.of_agent(&from), book.names.of_promise(&offer));
                        return Err(format!(
                            "{keeper} holds {offer} for broken, and has not written down why"
                        ));
                    }
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

fn blame(
    observer: gary_promise::AgentId,
    promise: PromiseId,
    judgement: Judgement,
    why: &str,
    book: &Book,
) -> String {
    let (observer, promise) = (
        book.names.of_agent(&observer),
        book.names.of_promise(&promise),
    );
    format!("{observer} holds {promise} for {judgement:?}, and {why}")
}

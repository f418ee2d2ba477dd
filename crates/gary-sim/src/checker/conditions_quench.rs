//! 8. Conditions quench: a conditional promise is pending, not broken, while its condition is unmet.

use std::collections::BTreeSet;

use gary_agent::Order;
use gary_promise::{Body, Frame, PromiseId, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// While what an intent is made under the condition of is not so, nobody is invited for it, nobody's offer is
/// counted against it, nothing runs by it, and so nothing of it is held for broken. Once it is so, the intent
/// settles like any other, which property 14 checks.
#[derive(Debug, Default)]
pub(super) struct ConditionsQuench {
    /// Intents that were pending when they were taken.
    waited: BTreeSet<PromiseId>,
    premises: u64,
}

impl Checker for ConditionsQuench {
    fn property(&self) -> Property {
        Property {
            number: 8,
            name: "conditions quench",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        if let Some((_, intent, _)) = seen.committed()
            && is_pending(at, &intent, book)
        {
            self.premises += 1;
            self.waited.insert(intent);
        }
        match *seen {
            Seen::Says {
                from,
                frame: Frame::Invitation(_),
                ..
            } => {
                for intent in &book.made {
                    if is_pending(at, intent, book) {
                        let (from, intent) =
                            (book.names.of_agent(&from), book.names.of_promise(intent));
                        return Err(format!("{from} invites for {intent}, which is pending"));
                    }
                }
            }
            Seen::Says { .. } | Seen::Stores { .. } => {
                for id in &book.made {
                    let accepted = book.acceptances.get(id).map(|its| its.accept.intent);
                    if let Some(intent) = accepted.filter(|its| is_pending(at, its, book)) {
                        let (keeper, intent) = (
                            book.names.of_agent(&id.promiser),
                            book.names.of_promise(&intent),
                        );
                        return Err(format!(
                            "{keeper} counts an offer against {intent}, which is pending"
                        ));
                    }
                }
            }
            Seen::Orders {
                agent,
                order: Order::Start(start),
            } => {
                let intent = start.intent.id();
                if is_pending(at, &intent, book) {
                    let (agent, intent) =
                        (book.names.of_agent(&agent), book.names.of_promise(&intent));
                    return Err(format!("{agent} runs by {intent}, which is pending"));
                }
                // It has come to be met: what waited is hosted.
                if self.waited.remove(&intent) {
                    self.premises += 1;
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

/// Whether an intent has a condition that nobody can know to be met.
fn is_pending(at: Time, intent: &PromiseId, book: &Book) -> bool {
    book.promises.get(intent).is_some_and(|promise| {
        let unmet = promise
            .condition()
            .unmet(|its| book.keeps.may_meet(at, its));
        matches!(promise.body(), Body::Use(_)) && !unmet.is_empty()
    })
}

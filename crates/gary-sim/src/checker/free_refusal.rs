//! 3. An agent that declines everything stays a healthy member; nobody retries it without limit, or counts
//!    refusal as breakage.

use std::collections::BTreeMap;

use gary_promise::{AgentId, Frame, PromiseId, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// For how long nobody is asked again who refused, in microseconds: less than agents rest, by what a clock
/// may be wrong.
const RESTS_US: u64 = 4_900_000;

/// Who has refused is left alone for a while.
#[derive(Debug, Default)]
pub(super) struct FreeRefusal {
    /// When a keeper has heard of whom that it refuses which intent.
    refused: BTreeMap<(AgentId, AgentId, PromiseId), Time>,
    premises: u64,
}

impl Checker for FreeRefusal {
    fn property(&self) -> Property {
        Property {
            number: 3,
            name: "free refusal",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            // Who has started anew remembers no refusal, and one whose clock jumped has waited by it.
            Seen::Starts { agent, .. } | Seen::Stalls { agent, .. } => {
                self.refused.retain(|(keeper, _, _), _| *keeper != agent);
            }
            Seen::Hears {
                from,
                to,
                frame: Frame::Refusal(refusal),
                is_noise: false,
            } => {
                self.premises += 1;
                self.refused.insert((to, from, refusal.intent), at);
            }
            // An offer takes a refusal back.
            Seen::Hears { from, to, .. } => {
                for id in &book.made {
                    if book.offers.contains_key(id) {
                        self.refused
                            .retain(|(keeper, by, _), _| (*keeper, *by) != (to, from));
                    }
                }
            }
            Seen::Says {
                from,
                to,
                frame: Frame::Invitation(_),
            } => {
                for intent in &book.made {
                    let refused = self.refused.get(&(from, to, *intent));
                    let soon = refused.filter(|when| at.as_us() - when.as_us() < RESTS_US);
                    if let Some(when) = soon {
                        let ms = (at.as_us() - when.as_us()) / 1000;
                        let (keeper, host) = (book.names.of_agent(&from), book.names.of_agent(&to));
                        return Err(format!(
                            "{keeper} invites {host} again {ms} ms after it refused"
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

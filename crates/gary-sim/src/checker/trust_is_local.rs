//! 20. Trust is local and earned: one peer's false reports cannot alone change a judgement.
//!
//! That two observers with different histories choose differently is not judged here: it takes two keepers of
//! one workload.

use std::collections::BTreeMap;

use gary_promise::{AgentId, Frame, PromiseId, Reason, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// How soon after a lie something would have to follow for it to be its effect, in microseconds.
const FOLLOWS_WITHIN_US: u64 = 50_000;

/// For how long a hosting that was heard of is beyond doubt, in microseconds.
const FRESH_US: u64 = 7_000_000;

/// Lies about what others have promised change nothing between these.
#[derive(Debug, Default)]
pub(super) struct TrustIsLocal {
    /// When who was told a lie about what is between it and another, by whom.
    lies: BTreeMap<(AgentId, PromiseId), (Time, AgentId)>,
    /// When a keeper heard last that a hosting stands.
    renewed: BTreeMap<PromiseId, Time>,
    premises: u64,
}

impl Checker for TrustIsLocal {
    fn property(&self) -> Property {
        Property {
            number: 20,
            name: "trust is local",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Hears {
                from,
                to,
                frame,
                is_noise,
            } => {
                if let Frame::Renewal(renewal) = frame {
                    for version in renewal.bound.iter() {
                        let version = *version;
                        let promiser = from;
                        self.renewed.insert(PromiseId { promiser, version }, at);
                    }
                }
                for offer in slandered(from, to, frame, book) {
                    self.premises += 1;
                    if is_noise {
                        self.lies.insert((to, offer), (at, from));
                    }
                }
                Ok(())
            }
            Seen::Says { from, .. } => {
                for (id, reason) in &book.taken_back {
                    let acceptance = book.acceptances.get(id).map(|its| its.accept.offer);
                    let offer = acceptance.unwrap_or(*id);
                    // What nobody has accepted lapses by itself, and what was silent for long, or is not used
                    // any more, goes without anybody's word.
                    let is_due = match acceptance {
                        Some(_) => {
                            *reason != Reason::Unstated || !self.is_fresh(at, from, &offer, book)
                        }
                        None => !book.runs.contains_key(&offer),
                    };
                    if is_due {
                        continue;
                    }
                    let lie = self.lies.get(&(from, offer));
                    let Some((when, liar)) = lie else { continue };
                    if at.as_us() > when.as_us() + FOLLOWS_WITHIN_US || book.causes.has(&offer) {
                        continue;
                    }
                    let by = book.names.of_agent(&from);
                    let (what, liar) = (book.names.of_promise(&offer), book.names.of_agent(liar));
                    let host_says = book
                        .offers
                        .get(&offer)
                        .is_some_and(|its| its.withdrawn_at.is_some());
                    if !host_says || id.promiser == offer.promiser {
                        return Err(format!("{by} lets {what} go by the word of {liar}"));
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl TrustIsLocal {
    /// Whether a keeper that has not stood still has heard of a hosting of late.
    fn is_fresh(&self, at: Time, keeper: AgentId, offer: &PromiseId, book: &Book) -> bool {
        let heard = self.renewed.get(offer);
        let stalled_until = book.agents.get(&keeper).map(|its| its.stalled_until);
        let is_recent = |when: &Time| at.as_us() < when.as_us() + FRESH_US;
        heard.is_some_and(is_recent) && !stalled_until.as_ref().is_some_and(is_recent)
    }
}

/// The standing offers that somebody speaks of who has no part in them.
fn slandered(from: AgentId, to: AgentId, frame: &Frame, book: &Book) -> Vec<PromiseId> {
    let is_theirs = |id: &PromiseId| {
        let promisee = book.offers.get(id).map(|its| its.host.promisee);
        id.promiser == from || promisee == Some(from)
    };
    let offers: Vec<PromiseId> = match frame {
        Frame::Dismissal(dismissal) => {
            let versions = dismissal.offers.iter();
            versions
                .map(|version| PromiseId {
                    promiser: to,
                    version: *version,
                })
                .collect()
        }
        Frame::Surplus(surplus) => vec![surplus.yours],
        // Of whose promise it is, a denial does not say: by its version alone it might be anybody's to whom
        // it is told.
        Frame::Denial(denial) => {
            let standing = book.standing().filter(|(id, its)| {
                id.version == denial.of && its.host.promisee == to && id.promiser != from
            });
            standing.map(|(id, _)| *id).collect()
        }
        Frame::Told(_) => book.taken_back.iter().map(|(id, _)| *id).collect(),
        _ => Vec::new(),
    };
    offers.into_iter().filter(|id| !is_theirs(id)).collect()
}

//! 20. Trust is local and earned: one peer's false reports cannot alone change a judgement.
//!
//! That two observers with different histories choose differently is not judged here: it takes two keepers of
//! one workload.

use std::collections::BTreeMap;

use gary_agent::Fact;
use gary_promise::{AgentId, Assessment, Frame, Judgement, PromiseId, Reason, Time, Unknown};

use super::hearings::DECIDED_BEFORE_US;
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// For how long somebody who is called dead has to answer, in microseconds, by what a clock may be wrong.
const ASKED_US: u64 = 245_000;

/// How soon after a lie something would have to follow for it to be its effect, in microseconds.
const FOLLOWS_WITHIN_US: u64 = 50_000;

/// For how long a hosting that was heard of is beyond doubt, in microseconds.
const FRESH_US: u64 = 7_000_000;

/// Lies about what others have promised change nothing between these.
#[derive(Debug, Default)]
pub(super) struct TrustIsLocal {
    /// When who was told a lie about what is between it and another, by whom.
    lies: BTreeMap<(AgentId, PromiseId), (Time, AgentId)>,
    /// Since when somebody waits for a word of another that it has said something to.
    waits: BTreeMap<(AgentId, AgentId), Time>,
    /// When it had waited in vain for as long as to believe that the other is gone, the last time.
    in_vain: BTreeMap<(AgentId, AgentId), Time>,
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
                if let Some(since) = self.waits.remove(&(to, from))
                    && at.as_us() >= since.as_us() + ASKED_US
                {
                    self.in_vain.insert((to, from), at);
                }
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
            Seen::Stores { agent, facts } => {
                for fact in facts {
                    if let Fact::Assessed(assessed) = fact {
                        self.check_lost(at, agent, &assessed.assessment, book)?;
                    }
                }
                Ok(())
            }
            Seen::Starts { agent, .. } => {
                self.waits.retain(|(waits, _), _| *waits != agent);
                Ok(())
            }
            Seen::Says { from, to, .. } => {
                self.waits.entry((from, to)).or_insert(at);
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
                    if at.as_us() > when.as_us() + FOLLOWS_WITHIN_US || book.has_cause(at, &offer) {
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
    /// Who is held for lost was asked, and did not answer: that others call it dead is not enough.
    fn check_lost(&self, at: Time, observer: AgentId, its: &Assessment, book: &Book) -> Verdict {
        let promiser = its.promise().promiser;
        let is_lost = matches!(its.judgement(), Judgement::Unknown(Unknown::Lost { .. }));
        if !is_lost || promiser == observer {
            return Ok(());
        }
        let pair = (observer, promiser);
        let waits = self.waits.get(&pair).copied();
        let is_waiting = waits.is_some_and(|since| at.as_us() >= since.as_us() + ASKED_US);
        let in_vain = self.in_vain.get(&pair).copied();
        let has_waited = in_vain.is_some_and(|when| at.as_us() <= when.as_us() + DECIDED_BEFORE_US);
        // Whose clock jumps has waited by it.
        let seen = book.agents.get(&observer);
        let is_unsteady =
            seen.is_some_and(|its| at.as_us() <= its.stalled_until.as_us() + DECIDED_BEFORE_US);
        if is_waiting || has_waited || is_unsteady {
            return Ok(());
        }
        let (observer, promiser) = (
            book.names.of_agent(&observer),
            book.names.of_agent(&promiser),
        );
        Err(format!(
            "{observer} holds {promiser} for lost, and has not asked it"
        ))
    }

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
        let promisee = book.made_to(id);
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

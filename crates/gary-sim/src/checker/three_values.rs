//! 10. Silence makes a promise unknown; only expiry, withdrawal or contrary evidence makes it broken. Unknown
//!     already entitles a keeper to invite a spare.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{AgentId, Frame, PromiseId, Reason, Time, Version};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;
use crate::world::DRIFT_PPM_MAX;

/// What a keeper has heard of one hosting, as far as it can be seen from outside.
#[derive(Debug, Clone, Copy)]
struct Heard {
    /// When it was last heard to stand.
    stands_at: Time,
    /// The last word of its host about it.
    word: Option<Version>,
    /// When it was heard again after a silence of so many microseconds, the last time there was one.
    silence: (Time, u64),
    /// When its host has last said otherwise.
    is_contradicted: Option<Time>,
}

/// How long a word of an agent's may wait for its disk, in microseconds: what it says now, it has decided by
/// what it had heard then.
const DECIDED_BEFORE_US: u64 = 2_000_000;

impl Heard {
    const fn first(at: Time) -> Self {
        Self {
            stands_at: at,
            word: None,
            silence: (at, 0),
            is_contradicted: None,
        }
    }

    fn stands(&mut self, at: Time) {
        let silent_us = at.as_us() - self.stands_at.as_us();
        if silent_us > 1_000_000 {
            self.silence = (at, silent_us);
        }
        // Until now it was held to be so.
        if self
            .is_contradicted
            .is_some_and(|when| when > self.stands_at)
        {
            self.is_contradicted = Some(at);
        }
        self.stands_at = at;
    }

    /// For how long it had been silent when its keeper may have decided, at most.
    fn silent_us(&self, at: Time) -> u64 {
        let (until, silent_us) = self.silence;
        let before = if at.as_us() - until.as_us() <= DECIDED_BEFORE_US {
            silent_us
        } else {
            0
        };
        before.max(at.as_us() - self.stands_at.as_us())
    }
}

/// A keeper lets go of a hosting as broken only when its lease ran out by what the keeper itself has heard, or
/// when the host itself has said so.
#[derive(Debug, Default)]
pub(super) struct ThreeValues {
    heard: BTreeMap<PromiseId, Heard>,
    jumped: BTreeMap<AgentId, u64>,
    premises: u64,
}

impl Checker for ThreeValues {
    fn property(&self) -> Property {
        Property {
            number: 10,
            name: "three values",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            // By a clock that jumped, more has passed than by the world's.
            Seen::Stalls { agent, span_ms } => {
                *self.jumped.entry(agent).or_default() += span_ms * 1000;
            }
            Seen::Starts { agent, .. } => {
                for (offer, heard) in &mut self.heard {
                    if book
                        .offers
                        .get(offer)
                        .is_some_and(|its| its.host.promisee == agent)
                    {
                        heard.stands(at);
                    }
                }
            }
            Seen::Hears {
                from, to, frame, ..
            } => {
                for id in book.made.iter().filter(|id| book.offers.contains_key(id)) {
                    self.heard.entry(*id).or_insert(Heard::first(at));
                }
                self.hear(at, from, to, frame, book);
            }
            Seen::Stores { .. } => {
                for id in &book.made {
                    if let Some(acceptance) = book.acceptances.get(id) {
                        let stands_at = acceptance.stored_at.unwrap_or(at);
                        let first = Heard::first(stands_at);
                        let heard = self.heard.entry(acceptance.accept.offer);
                        heard.or_insert(first);
                    }
                }
            }
            Seen::Says { from, frame, .. } => {
                for (id, reason) in &book.taken_back {
                    if id.promiser == from && *reason == Reason::Unstated {
                        self.check_broken(at, from, id, book)?;
                    }
                }
                if let Frame::Invitation(invitation) = frame {
                    self.count_spares(from, invitation, book);
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

impl ThreeValues {
    fn hear(&mut self, at: Time, from: AgentId, to: AgentId, frame: &Frame, book: &Book) {
        let offer = |version| PromiseId {
            promiser: from,
            version,
        };
        match frame {
            Frame::Renewal(renewal) => {
                for (id, heard) in self.heard.range_mut(offer_range(from)) {
                    let made_to = book.offers.get(id).map(|its| its.host.promisee);
                    if made_to != Some(to) {
                        continue;
                    }
                    // The same word heard again is no news.
                    if heard.word.is_some_and(|last| last >= renewal.version) {
                        continue;
                    }
                    heard.word = Some(renewal.version);
                    if renewal.bound.contains(&id.version) || renewal.offered.contains(&id.version)
                    {
                        heard.stands(at);
                    } else if id.version < renewal.version {
                        heard.is_contradicted = Some(at);
                    }
                }
            }
            Frame::Denial(denial) => {
                if let Some(heard) = self.heard.get_mut(&offer(denial.of)) {
                    heard.is_contradicted = Some(at);
                }
            }
            Frame::Absence(_) => {
                // Its end is the host's own to keep, and later than this.
                for (_, heard) in self.heard.range_mut(offer_range(from)) {
                    heard.stands(at);
                    heard.is_contradicted = Some(at.after(Duration::from_micros(1)));
                }
            }
            _ => {
                for (id, _) in book.taken_back.iter().filter(|(id, _)| id.promiser == from) {
                    if let Some(heard) = self.heard.get_mut(id) {
                        heard.is_contradicted = Some(at);
                    }
                }
            }
        }
    }

    fn check_broken(&mut self, at: Time, keeper: AgentId, id: &PromiseId, book: &Book) -> Verdict {
        let Some(acceptance) = book.acceptances.get(id) else {
            return Ok(());
        };
        self.premises += 1;
        let offer = acceptance.accept.offer;
        let Some(heard) = self.heard.get(&offer) else {
            return Ok(());
        };
        let lease = book.offers.get(&offer).map(|its| its.host.lease.duration());
        let lease_us = lease.map_or(0, |lease| lease.as_micros() as u64);
        let jumped_us = self.jumped.get(&keeper).copied().unwrap_or_default();
        let drift_us = lease_us * DRIFT_PPM_MAX as u64 / 1_000_000 + 1_000;
        let silent_us = heard.silent_us(at) + jumped_us + drift_us;
        // Contrary evidence that a later renewal took back may have been decided by all the same.
        let is_contradicted = heard.is_contradicted.is_some_and(|when| {
            when > heard.stands_at || at.as_us() - when.as_us() <= DECIDED_BEFORE_US
        });
        if is_contradicted || silent_us >= lease_us {
            return Ok(());
        }
        let (keeper, what) = (book.names.of_agent(&keeper), book.names.of_promise(&offer));
        let ms = silent_us / 1000;
        Err(format!(
            "{keeper} holds {what} for broken, which was heard {ms} ms ago"
        ))
    }

    /// Spares are invited for what is not broken yet.
    fn count_spares(
        &mut self,
        keeper: AgentId,
        invitation: &gary_promise::Invitation,
        book: &Book,
    ) {
        for intent in &book.made {
            let workload = book.promises.get(intent).and_then(|its| its.workload());
            let generation = book.intent(intent).map(|its| its.lineage.generation());
            let spares = book.acceptances.iter().filter(|(id, its)| {
                id.promiser == keeper
                    && its.withdrawn.is_none()
                    && book.offers.get(&its.accept.offer).is_some_and(|offer| {
                        Some(offer.host.workload) == workload
                            && Some(offer.host.generation) == generation
                            && invitation.slots.contains(&offer.host.slot)
                    })
            });
            self.premises += spares.count() as u64;
        }
    }
}

/// All promises of one agent.
fn offer_range(agent: AgentId) -> std::ops::RangeInclusive<PromiseId> {
    let at = |epoch, sequence| PromiseId {
        promiser: agent,
        version: Version {
            epoch: gary_promise::BootEpoch(epoch),
            sequence,
        },
    };
    let last = gary_promise::Sequence::new(u64::MAX).unwrap_or(gary_promise::Sequence::FIRST);
    at(0, gary_promise::Sequence::FIRST)..=at(u64::MAX, last)
}

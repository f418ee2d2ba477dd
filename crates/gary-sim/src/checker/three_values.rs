//! 10. Silence makes a promise unknown; only expiry, withdrawal or contrary evidence makes it broken. Unknown
//!     already entitles a keeper to invite a spare.

use gary_promise::{AgentId, Frame, PromiseId, Reason, Time};

use super::silences::Silences;
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// A keeper lets go of a hosting as broken only when its lease ran out by what the keeper itself has heard, or
/// when the host itself has said so. It does so then, and before that it writes down its doubt.
#[derive(Debug, Default)]
pub(super) struct ThreeValues {
    silences: Silences,
    /// How often something was let go as broken.
    broken: u64,
    /// How often somebody was invited for what was only unknown.
    spares: u64,
}

impl Checker for ThreeValues {
    fn property(&self) -> Property {
        Property {
            number: 10,
            name: "three values",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        self.silences.check(at, seen, book)?;
        if let Seen::Says { from, frame, .. } = *seen {
            for (id, reason) in &book.taken_back {
                if id.promiser == from && *reason == Reason::Unstated {
                    self.check_broken(at, from, id, book)?;
                }
            }
            if let Frame::Invitation(invitation) = frame {
                self.count_spares(from, invitation, book);
            }
        }
        Ok(())
    }

    /// What is gone for good has expired by now, and is not counted any more.
    fn scan(&mut self, at: Time, book: &Book) -> Verdict {
        for (id, its) in &book.acceptances {
            let host = book.agents.get(&its.accept.offer.promiser);
            let lease = book.offers.get(&its.accept.offer).map(|its| its.host.lease);
            let lease_us = lease.map_or(0, |its| its.duration().as_micros() as u64);
            let silent_us = book
                .hearings
                .silent_us(at, id.promiser, &its.accept.offer)
                .unwrap_or_default();
            let is_gone = host.is_some_and(|host| host.is_gone);
            if is_gone && its.is_counted() && book.is_up(&id.promiser) && silent_us > 2 * lease_us {
                let (keeper, what) = (
                    book.names.of_agent(&id.promiser),
                    book.names.of_promise(&its.accept.offer),
                );
                return Err(format!("{keeper} counts {what}, which has long expired"));
            }
        }
        Ok(())
    }

    /// Both halves of it.
    fn premises(&self) -> u64 {
        self.broken.min(self.spares)
    }
}

impl ThreeValues {
    fn check_broken(&mut self, at: Time, keeper: AgentId, id: &PromiseId, book: &Book) -> Verdict {
        let Some(acceptance) = book.acceptances.get(id) else {
            return Ok(());
        };
        self.broken += 1;
        let offer = acceptance.accept.offer;
        let Some(silent_us) = book.hearings.silent_us(at, keeper, &offer) else {
            return Ok(());
        };
        let lease = book.offers.get(&offer).map(|its| its.host.lease.duration());
        let lease_us = lease.map_or(0, |lease| lease.as_micros() as u64);
        if silent_us >= lease_us || book.hearings.is_contradicted(at, keeper, &offer) {
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
                    && its.is_counted()
                    && book.offers.get(&its.accept.offer).is_some_and(|offer| {
                        Some(offer.host.workload) == workload
                            && Some(offer.host.generation) == generation
                            && invitation.slots.contains(&offer.host.slot)
                    })
            });
            self.spares += spares.count() as u64;
        }
    }
}

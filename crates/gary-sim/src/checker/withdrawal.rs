//! 12. A promiser may withdraw at any time; its scope is told, users re-bind, and notice differs from breakage.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::{Fact, Order};
use gary_promise::{Frame, PromiseId, Reason, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// How soon whoever a promise was made to has to be told that it is taken back, in microseconds, by an agent
/// that is up.
const TOLD_WITHIN_US: u64 = 2_000_000;

/// What is taken back is told to whom it was promised, and is never renewed, run or accepted again.
#[derive(Debug, Default)]
pub(super) struct Withdrawals {
    /// Taken back on disk, and not told yet.
    untold: BTreeMap<PromiseId, Time>,
    /// Who is on notice: away by plan, and until when nobody may hold that against it.
    away: BTreeMap<PromiseId, Time>,
    /// Taken back, and said to be: a renewal that was said before may have waited for the disk with it.
    said: BTreeSet<PromiseId>,
    premises: u64,
}

impl Checker for Withdrawals {
    fn property(&self) -> Property {
        Property {
            number: 12,
            name: "withdrawal",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Stores { agent, facts } => {
                for fact in facts {
                    if let Fact::Forgotten(id) = fact
                        && id.promiser == agent
                        && is_told_to_another(id, book)
                    {
                        self.untold.insert(*id, at);
                    }
                }
            }
            Seen::Says { from, frame, .. } => {
                for (id, reason) in &book.taken_back {
                    if self.untold.remove(id).is_some() {
                        self.premises += 1;
                    }
                    self.said.insert(*id);
                    self.check_notice(at, id, *reason, book)?;
                }
                if let Frame::Renewal(renewal) = frame {
                    for version in renewal.bound.iter().chain(renewal.offered.iter()) {
                        let offer = PromiseId {
                            promiser: from,
                            version: *version,
                        };
                        if self.said.contains(&offer) {
                            let offer = book.names.of_promise(&offer);
                            return Err(format!("{offer} is renewed after it was withdrawn"));
                        }
                    }
                }
            }
            Seen::Hears {
                from,
                to,
                frame: Frame::Absence(absence),
                ..
            } => {
                let until = at.after(absence.notice.duration());
                let told = book.standing_of(from);
                for (id, _) in told.filter(|(_, its)| its.host.promisee == to) {
                    self.away.insert(*id, until);
                }
            }
            // Who says that something is not kept takes its notice back for that.
            Seen::Hears {
                from,
                frame: Frame::Denial(denial),
                ..
            } => {
                self.away.remove(&PromiseId {
                    promiser: from,
                    version: denial.of,
                });
            }
            Seen::Orders {
                order: Order::Start(start),
                ..
            } => {
                let offer = start.binding.id().offer;
                if book
                    .offers
                    .get(&offer)
                    .is_some_and(|its| its.withdrawn_at.is_some())
                {
                    let offer = book.names.of_promise(&offer);
                    return Err(format!("{offer} is started after it was withdrawn"));
                }
            }
            // What was stored before is said no more; whoever it was told to finds out by its lease.
            Seen::Ends { agent, .. } => self.untold.retain(|id, _| id.promiser != agent),
            _ => {}
        }
        for (id, when) in &self.untold {
            let by = book.agents.get(&id.promiser);
            let since = by.map_or(*when, |its| its.stalled_until.max(*when));
            if at.as_us() > since.as_us() + TOLD_WITHIN_US {
                let what = book.names.of_promise(id);
                return Err(format!(
                    "{what} is withdrawn, and whom it was made to is not told"
                ));
            }
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl Withdrawals {
    /// Who is away by plan is not taken for broken before it should be back.
    fn check_notice(&self, at: Time, id: &PromiseId, reason: Reason, book: &Book) -> Verdict {
        let Some(acceptance) = book.acceptances.get(id) else {
            return Ok(());
        };
        let offer = acceptance.accept.offer;
        let until = self.away.get(&offer);
        let is_early = until.is_some_and(|until| at.as_us() + 1_000_000 < until.as_us());
        let stands = book
            .offers
            .get(&offer)
            .is_some_and(|its| its.withdrawn_at.is_none());
        let keeper = book.agents.get(&id.promiser);
        let is_steady = keeper.is_some_and(|its| its.stalled_until <= its.started_at);
        if is_early
            && stands
            && is_steady
            && reason == Reason::Unstated
            && !book.is_up(&offer.promiser)
        {
            let what = book.names.of_promise(&offer);
            return Err(format!(
                "{what} is held for broken, and its host is away by plan"
            ));
        }
        Ok(())
    }
}

/// Whether somebody else knows of it.
fn is_told_to_another(id: &PromiseId, book: &Book) -> bool {
    if let Some(offer) = book.offers.get(id) {
        return offer.told_at.is_some() && offer.host.promisee != id.promiser;
    }
    let acceptance = book.acceptances.get(id);
    acceptance
        .is_some_and(|its| its.accept.offer.promiser != id.promiser && its.stored_at.is_some())
}

//! 13. A failed component is restarted by its host with no message from anyone.

use std::collections::BTreeMap;

use gary_agent::{HostReport, Order};
use gary_promise::{Frame, PromiseId, Reason, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// After how many failures a host says that it does not keep its promise. It stands in docs/PROMISES.md, and not
/// in what is checked alone.
const DENIED_AFTER: u32 = 3;

/// After how many it gives up.
const GIVEN_UP_AFTER: u32 = 6;

/// How long something has to run before its earlier failures are forgotten, in microseconds.
const STEADY_AFTER_US: u64 = 10_000_000;

/// How long a host waits after the first failure before it starts something again, and after many, in milliseconds.
const FIRST_WAIT_MS: u64 = 250;
const LONGEST_WAIT_MS: u64 = 10_000;

/// What may pass beyond the longest wait, in microseconds: for a disk and a slow clock.
const LATE_US: u64 = 2_000_000;

/// How soon a host has to say what it has to say, in microseconds.
const SAID_WITHIN_US: u64 = 2_000_000;

/// By how much a clock may be wrong about how long something ran, in microseconds.
const UNSURE_US: u64 = 100_000;

/// Failures in a row.
#[derive(Debug, Clone, Copy, Default)]
struct InARow {
    failures: u32,
    runs_since: Option<Time>,
    /// Its host's clock may have told otherwise.
    is_unsure: bool,
}

/// What fails is started again, and nobody else hears of it before it has failed several times.
#[derive(Debug, Default)]
pub(super) struct SelfRepair {
    failed: BTreeMap<PromiseId, Time>,
    /// How often each has failed.
    failures: BTreeMap<PromiseId, u32>,
    /// How often in a row, where that is certain.
    in_a_row: BTreeMap<PromiseId, InARow>,
    /// What has failed so often that its host has to say so, since when.
    undenied: BTreeMap<PromiseId, Time>,
    /// What has failed so often that its host has to give it up, since when.
    hopeless: BTreeMap<PromiseId, Time>,
    premises: u64,
}

impl Checker for SelfRepair {
    fn property(&self) -> Property {
        Property {
            number: 13,
            name: "self-repair first",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Reports {
                report: &HostReport::Failed { offer, .. },
                ..
            } => {
                let stands = book
                    .offers
                    .get(&offer)
                    .is_some_and(|its| its.withdrawn_at.is_none());
                // What runs to completion is tried again by its keepers' word.
                if stands && !book.completes(&offer) {
                    self.failed.insert(offer, at);
                    *self.failures.entry(offer).or_default() += 1;
                    self.count_in_a_row(at, offer, book);
                }
            }
            Seen::Reports {
                report: &HostReport::Started { offer },
                ..
            } => {
                let its = self.in_a_row.entry(offer).or_default();
                its.runs_since.get_or_insert(at);
            }
            Seen::Stalls { agent, .. } => {
                for (_, its) in self
                    .in_a_row
                    .iter_mut()
                    .filter(|(id, _)| id.promiser == agent)
                {
                    its.is_unsure = true;
                }
            }
            Seen::Orders { order, .. } => match order {
                Order::Start(start) => {
                    let offer = start.binding.id().offer;
                    if let Some(failed_at) = self.failed.remove(&offer) {
                        self.premises += 1;
                        self.check_wait(at, failed_at, &offer, book)?;
                    }
                }
                Order::Prolong { .. } => {}
                // What has no time left waits for more, and is repaired by that.
                Order::Stop { offer } | Order::Suspend { offer } => self.end(|its| its == offer),
            },
            Seen::Ends { agent, .. } => self.end(|offer| offer.promiser == agent),
            Seen::Says {
                from,
                frame: Frame::Told(_),
                ..
            } => {
                for (id, reason) in &book.taken_back {
                    let failures = self.failures(id);
                    let is_its_own = id.promiser == from && book.offers.contains_key(id);
                    if is_its_own && *reason == Reason::Failing && failures < GIVEN_UP_AFTER {
                        let what = book.names.of_promise(id);
                        return Err(format!("{what} is given up after {failures} failures"));
                    }
                }
            }
            // For as long as it is off, each renewal that names it is followed by a denial.
            Seen::Says {
                from,
                frame: Frame::Renewal(renewal),
                ..
            } => {
                for version in renewal.bound.iter() {
                    let (promiser, version) = (from, *version);
                    let offer = PromiseId { promiser, version };
                    self.renewed(at, offer);
                }
            }
            Seen::Says {
                from,
                frame: Frame::Denial(denial),
                ..
            } => {
                let offer = PromiseId {
                    promiser: from,
                    version: denial.of,
                };
                let failures = self.failures(&offer);
                if failures < DENIED_AFTER {
                    let what = book.names.of_promise(&offer);
                    return Err(format!("{what} is denied after {failures} failures"));
                }
                self.undenied.remove(&offer);
            }
            _ => {}
        }
        let said_by = |offer: &PromiseId, when: &Time| {
            book.awake_since(&offer.promiser, *when).as_us() + SAID_WITHIN_US
        };
        for (all, what) in [
            (&self.undenied, "its host does not say so"),
            (&self.hopeless, "its host does not give it up"),
        ] {
            for (offer, when) in all {
                if at.as_us() > said_by(offer, when) {
                    let offer = book.names.of_promise(offer);
                    return Err(format!("{offer} fails again and again, and {what}"));
                }
            }
        }
        for (offer, when) in &self.failed {
            let since = book.awake_since(&offer.promiser, *when);
            let most_us = LONGEST_WAIT_MS * 1000 + LATE_US;
            if at.as_us() > since.as_us() + most_us {
                let what = book.names.of_promise(offer);
                return Err(format!(
                    "{what} failed, and its host does not start it again"
                ));
            }
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl SelfRepair {
    /// How often it has failed in a row; where that is not certain, how often at most.
    fn failures(&self, offer: &PromiseId) -> u32 {
        match self.in_a_row.get(offer).filter(|its| !its.is_unsure) {
            Some(its) => its.failures,
            None => self.failures.get(offer).copied().unwrap_or_default(),
        }
    }

    fn count_in_a_row(&mut self, at: Time, offer: PromiseId, book: &Book) {
        let its = self.in_a_row.entry(offer).or_default();
        let ran_us = its
            .runs_since
            .take()
            .map(|since| at.as_us() - since.as_us());
        its.is_unsure |= ran_us.is_some_and(|ran_us| ran_us.abs_diff(STEADY_AFTER_US) < UNSURE_US);
        its.failures = match ran_us.is_some_and(|ran_us| ran_us >= STEADY_AFTER_US) {
            true => 1,
            false => its.failures + 1,
        };
        if its.is_unsure {
            return;
        }
        if its.failures == DENIED_AFTER && !book.is_told_to_itself(&offer) {
            self.undenied.insert(offer, at);
        }
        if its.failures >= GIVEN_UP_AFTER {
            self.hopeless.insert(offer, at);
        }
    }

    /// Something is renewed that may be off.
    fn renewed(&mut self, at: Time, offer: PromiseId) {
        let is_certain = self.in_a_row.get(&offer).is_some_and(|its| !its.is_unsure);
        // What is said now may have waited for the disk since before it failed.
        let is_long_off = self
            .failed
            .get(&offer)
            .is_some_and(|failed_at| at.as_us() > failed_at.as_us() + SAID_WITHIN_US);
        if is_certain && is_long_off && self.failures(&offer) >= DENIED_AFTER {
            self.undenied.entry(offer).or_insert(at);
        }
    }

    /// What fails is not started again at once, and later each time.
    fn check_wait(&self, at: Time, failed_at: Time, offer: &PromiseId, book: &Book) -> Verdict {
        let Some(its) = self.in_a_row.get(offer).filter(|its| !its.is_unsure) else {
            return Ok(());
        };
        let doublings = its.failures.saturating_sub(1).min(32);
        let whole_ms = (FIRST_WAIT_MS << doublings).min(LONGEST_WAIT_MS);
        // Half of it may be taken away by chance, and a little by a clock that goes fast.
        let least_us = whole_ms * 490;
        let waited_us = at.as_us() - failed_at.as_us();
        if waited_us >= least_us {
            return Ok(());
        }
        let (what, ms) = (book.names.of_promise(offer), waited_us / 1000);
        Err(format!("{what} is started again {ms} ms after it failed"))
    }

    fn end(&mut self, is_meant: impl Fn(&PromiseId) -> bool) {
        self.failed.retain(|offer, _| !is_meant(offer));
        self.in_a_row.retain(|offer, _| !is_meant(offer));
        self.undenied.retain(|offer, _| !is_meant(offer));
        self.hopeless.retain(|offer, _| !is_meant(offer));
    }
}

//! 13. A failed component is restarted by its host with no message from anyone.

use std::collections::BTreeMap;

use gary_agent::{DENIED_AFTER, HostReport, Order, REPAIR_WAITS};
use gary_promise::{Frame, PromiseId, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// What may pass beyond the longest wait, in microseconds: for a disk and a slow clock.
const LATE_US: u64 = 2_000_000;

/// What fails is started again, and nobody else hears of it before it has failed several times.
#[derive(Debug, Default)]
pub(super) struct SelfRepair {
    failed: BTreeMap<PromiseId, Time>,
    /// How often each has failed.
    failures: BTreeMap<PromiseId, u32>,
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
                report: HostReport::Failed { offer },
                ..
            } => {
                let stands = book
                    .offers
                    .get(&offer)
                    .is_some_and(|its| its.withdrawn_at.is_none());
                if stands {
                    self.failed.insert(offer, at);
                    *self.failures.entry(offer).or_default() += 1;
                }
            }
            Seen::Orders { order, .. } => match order {
                Order::Start(start) => {
                    if self.failed.remove(&start.binding.id().offer).is_some() {
                        self.premises += 1;
                    }
                }
                Order::Stop { offer } => {
                    self.failed.remove(offer);
                }
            },
            Seen::Ends { agent, .. } => {
                self.failed.retain(|offer, _| offer.promiser != agent);
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
                let failures = self.failures.get(&offer).copied().unwrap_or_default();
                if failures < DENIED_AFTER {
                    let what = book.names.of_promise(&offer);
                    return Err(format!("{what} is denied after {failures} failures"));
                }
            }
            _ => {}
        }
        for (offer, when) in &self.failed {
            let host = book.agents.get(&offer.promiser);
            let since = host.map_or(*when, |its| its.stalled_until.max(*when));
            let most_us = REPAIR_WAITS.longest_ms * 1000 + LATE_US;
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

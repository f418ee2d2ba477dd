//! With whom nothing has gone wrong of late.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::{AgentId, BootEpoch, Time, WorkloadId};

use super::Book;
use crate::seen::Seen;

/// Until when something last went wrong with whom. Who is drained is so because it is wanted to: that goes wrong too, for whoever
/// looks at what has nothing to do with that.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    upset: BTreeMap<AgentId, Time>,
    /// From or to whom something does not pass.
    cut: BTreeSet<AgentId>,
}

impl Quiet {
    /// Notes what was just seen.
    pub(super) fn note(&mut self, at: Time, seen: &Seen<'_>) {
        match *seen {
            // Before its first start there was nothing to go wrong.
            Seen::Starts {
                epoch: BootEpoch(1),
                ..
            } => {}
            // It ended while it stood still, and does so no more.
            Seen::Starts { agent, .. } | Seen::Ends { agent, .. } => {
                self.upset.insert(agent, at);
            }
            Seen::TakesBack { agent, .. }
            | Seen::Revises { agent, .. }
            | Seen::Leaves { agent, .. }
            | Seen::GoesAway { agent, .. }
            | Seen::Stalls {
                agent,
                is_clock: true,
                ..
            } => self.upset(at, agent),
            // It goes wrong for as long as it stands still.
            Seen::Stalls { agent, span_ms, .. } => {
                self.upset(at.after(Duration::from_millis(span_ms)), agent);
            }
            Seen::Cuts { from, to } => {
                self.cut.extend(from.iter().chain(to));
            }
            Seen::Heals | Seen::Calms => {
                if matches!(seen, Seen::Calms) {
                    for until in self.upset.values_mut() {
                        *until = at.min(*until);
                    }
                }
                // Until now it did not pass.
                for agent in std::mem::take(&mut self.cut) {
                    self.upset(at, agent);
                }
            }
            Seen::Replays => {
                for when in self.upset.values_mut() {
                    *when = at;
                }
            }
            Seen::Hears {
                to, is_noise: true, ..
            } => self.upset(at, to),
            _ => {}
        }
    }

    fn upset(&mut self, until: Time, agent: AgentId) {
        let last = self.upset.entry(agent).or_insert(until);
        *last = until.max(*last);
    }

    /// Whether nothing has gone wrong since, nor for long enough, with an agent. Where something does not pass, that goes
    /// wrong for as long as it does not.
    pub(super) fn is_quiet(&self, (at, since): (Time, Time), for_us: u64, agent: &AgentId) -> bool {
        let upset_at = self.upset.get(agent);
        !self.cut.contains(agent)
            && upset_at.is_none_or(|when| *when < since && at.as_us() > when.as_us() + for_us)
    }
}

/// All who keep a workload or have hosted it.
pub(super) fn involved<'a>(
    workload: &'a WorkloadId,
    book: &'a Book,
) -> impl Iterator<Item = AgentId> + 'a {
    let hosts = book.offers.iter();
    let hosts = hosts.filter(|(_, its)| its.host.workload == *workload);
    let hosts = hosts.map(|(offer, _)| offer.promiser);
    let mut all = book.registers.all().filter(|(its, _)| *its == workload);
    let keepers = all.next().map(|(_, keepers)| keepers.iter().copied());
    hosts.chain(keepers.into_iter().flatten())
}

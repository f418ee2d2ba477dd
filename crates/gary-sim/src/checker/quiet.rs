//! With whom nothing has gone wrong of late.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{AgentId, BootEpoch, Time, WorkloadId};

use super::Book;
use crate::seen::Seen;

/// When something last went wrong with whom. Who is drained is so because it is wanted to: that goes wrong too, for whoever
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
            Seen::Starts { agent, .. }
            | Seen::Ends { agent, .. }
            | Seen::Stalls { agent, .. }
            | Seen::TakesBack { agent, .. }
            | Seen::Revises { agent, .. }
            | Seen::Leaves { agent, .. }
            | Seen::GoesAway { agent, .. } => self.upset(at, agent),
            Seen::Cuts { from, to } => {
                self.cut.extend(from.iter().chain(to));
            }
            Seen::Heals | Seen::Calms => {
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

    fn upset(&mut self, at: Time, agent: AgentId) {
        self.upset.insert(agent, at);
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

//! Whether those who keep what is exclusive are enough to grant it.

use gary_promise::{AgentId, BootEpoch, Time, WorkloadId};

use super::Book;
use super::entry::AgentSeen;

/// How long after a start, or after it has come to keep that, in microseconds, a keeper may grant nothing of what is
/// exclusive, and whoever waits for it may not have asked again: a tenure, by a clock that goes wrong, and the longest wait
/// between two times of asking.
const GRANTS_AFTER_US: u64 = 10_000_000 + 3_000_000;

impl Book {
    /// Whether a workload is exclusive, and no majority of its keepers is left to grant anything, or has been up again or kept
    /// it for long enough: that is the price of at most one.
    pub(super) fn lacks_majority(&self, at: Time, workload: &WorkloadId) -> bool {
        let is_old = |its: &AgentSeen| {
            its.epoch == BootEpoch(1) || at.as_us() > its.started_at.as_us() + GRANTS_AFTER_US
        };
        self.is_left_by_majority(at, workload, is_old)
    }

    /// Whether a workload is exclusive, and no majority of its keepers is left, or has kept it for long enough, to let what runs
    /// run on: for that, a keeper that starts again waits for nothing.
    pub(super) fn may_run_out(&self, at: Time, workload: &WorkloadId) -> bool {
        self.is_left_by_majority(at, workload, |_| true)
    }

    fn is_left_by_majority(
        &self,
        at: Time,
        workload: &WorkloadId,
        may_grant: impl Fn(&AgentSeen) -> bool,
    ) -> bool {
        let of_it = self.promises.iter();
        let mut of_it = of_it.filter(|(_, its)| its.workload() == Some(*workload));
        let is_exclusive = of_it.any(|(id, _)| self.intent(id).is_some_and(|its| its.exclusive));
        let mut registers = self.registers.all().filter(|(its, _)| *its == workload);
        let has_majority = registers.any(|(_, keepers)| {
            let grants = |its: &&AgentId| {
                let seen = self.agents.get(its).filter(|its| its.is_up);
                let came_at = self.registers.came_at(workload, its);
                let is_new = |when: Time| at.as_us() <= when.as_us() + GRANTS_AFTER_US;
                seen.is_some_and(&may_grant) && !came_at.is_some_and(is_new)
            };
            2 * keepers.iter().filter(grants).count() > keepers.len()
        });
        is_exclusive && !has_majority
    }
}

//! Runs to completion, as the register of a name holds them.

use std::collections::BTreeMap;

use super::completion::Completion;
use super::schedule::Tick;
use crate::{PromiseId, Retries, Slot, TooMany, Version};

/// The most runs that the register of one name holds: a job has no more replicas, and of a schedule's ticks the latest
/// [`TICKS_KEPT_MAX`] are remembered.
pub const RUNS_MAX: usize = 64;

/// The most ticks of a schedule that are remembered. Beyond, the earliest is forgotten.
pub const TICKS_KEPT_MAX: usize = 16;

/// Which run of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// Of which tick; of what runs once, [`Tick::ONLY`].
    pub tick: Tick,
    /// Of which replica.
    pub slot: Slot,
}

/// Who runs something, or did: a hosting, and by what it has asked to. A host never asks twice by the same, so nobody takes
/// one attempt of it for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Runner {
    /// The offer by which it hosts.
    pub offer: PromiseId,
    /// When it asked first, by its own count.
    pub asked: Version,
}

/// One run: who has it, and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Which attempt it is, counted from 1.
    pub attempt: u32,
    /// How many attempts have failed, this one included.
    pub failures: u32,
    /// Whose it is. Nobody else starts it under this number.
    pub by: Runner,
    /// How it ended, if it has.
    pub ended: Option<Completion>,
}

/// The runs of a workload, and how many ticks of its schedule were not run. None where it runs on and on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runs {
    by_key: BTreeMap<RunKey, Run>,
    /// Ticks that nobody has begun: no majority of its keepers was there, or no host.
    pub missed: u64,
    /// Ticks that were due while the one before them still ran.
    pub skipped: u64,
}

impl Run {
    /// Whether it is done with: it has succeeded, or failed as often as its owner has it.
    pub fn is_over(&self, retries: Retries) -> bool {
        let ended = self.ended.as_ref();
        ended.is_some_and(|its| its.is_success() || self.failures > retries.get())
    }
}

impl Runs {
    /// These runs.
    ///
    /// # Errors
    ///
    /// Refuses more than [`RUNS_MAX`].
    pub fn new(
        runs: impl IntoIterator<Item = (RunKey, Run)>,
        (missed, skipped): (u64, u64),
    ) -> Result<Self, TooMany> {
        let mut all = Self {
            by_key: BTreeMap::new(),
            missed,
            skipped,
        };
        for (count, (key, run)) in runs.into_iter().enumerate() {
            if count >= RUNS_MAX {
                return Err(TooMany {
                    count_max: RUNS_MAX,
                });
            }
            all.by_key.insert(key, run);
        }
        Ok(all)
    }

    /// What has become of one.
    pub fn get(&self, key: &RunKey) -> Option<&Run> {
        self.by_key.get(key)
    }

    /// The one of the latest tick.
    pub fn latest(&self) -> Option<(&RunKey, &Run)> {
        self.by_key.last_key_value()
    }

    /// All of them, the earliest ticks first.
    pub fn iter(&self) -> impl Iterator<Item = (&RunKey, &Run)> {
        self.by_key.iter()
    }

    /// Whether none is known, and nothing was left out.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty() && self.missed == 0 && self.skipped == 0
    }

    /// The same with this of one of them. Where there are more than [`RUNS_MAX`], the earliest is forgotten.
    #[must_use]
    pub fn with(mut self, key: RunKey, run: Run) -> Self {
        self.by_key.insert(key, run);
        self.keep_latest(RUNS_MAX)
    }

    /// The latest of them, so many.
    #[must_use]
    pub fn keep_latest(mut self, count: usize) -> Self {
        while self.by_key.len() > count {
            self.by_key.pop_first();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AgentId, BootEpoch, Failure, Outcome};

    fn run(failures: u32, outcome: Option<Outcome>) -> Run {
        let version = Version::first(BootEpoch(1));
        let offer = PromiseId {
            promiser: AgentId::from_bytes([1; 32]),
            version,
        };
        Run {
            attempt: 1,
            failures,
            by: Runner {
                offer,
                asked: version,
            },
            ended: outcome.map(|outcome| Completion {
                outcome,
                at: None,
                note: None,
            }),
        }
    }

    fn key(tick: u64) -> RunKey {
        RunKey {
            tick: Tick(tick),
            slot: Slot(0),
        }
    }

    #[test]
    fn a_run_is_over_once_it_has_succeeded_or_failed_often_enough() {
        let one = Retries::new(1).expect("few enough");
        assert!(!run(0, None).is_over(one));
        assert!(run(0, Some(Outcome::Exited(0))).is_over(one));
        assert!(!run(1, Some(Outcome::Exited(3))).is_over(one));
        assert!(run(2, Some(Outcome::Failed(Failure::Start))).is_over(one));
        assert!(!run(0, Some(Outcome::Lost)).is_over(Retries::default()));
    }

    #[test]
    fn only_so_many_are_held_and_the_earliest_is_forgotten() {
        let all = (0..RUNS_MAX as u64).map(|tick| (key(tick), run(0, None)));
        let runs = Runs::new(all.clone(), (0, 0)).expect("just as many");
        let one_more = all.chain([(key(99), run(0, None))]);
        assert!(Runs::new(one_more, (0, 0)).is_err());
        let runs = runs.with(key(99), run(0, None));
        assert_eq!(runs.iter().count(), RUNS_MAX);
        assert!(runs.get(&key(0)).is_none() && runs.get(&key(1)).is_some());
        assert_eq!(runs.latest().map(|(its, _)| *its), Some(key(99)));
        assert_eq!(runs.keep_latest(2).iter().count(), 2);
    }
}

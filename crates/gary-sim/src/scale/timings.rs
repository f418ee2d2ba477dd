//! How long handling takes on the machine that simulates.

use std::time::Duration;

use super::kind::Kind;

/// A clock of the machine that simulates, handed in from outside: this crate has none.
pub trait Stopwatch {
    /// How long it has been running.
    fn elapsed(&mut self) -> Duration;
}

/// How long it took to handle what agents took in: to read it, to do what follows, and to pack what they say.
#[derive(Debug, Clone, Default)]
pub struct Timings {
    by_kind: [Vec<Duration>; Kind::ALL.len()],
}

impl Timings {
    pub(super) fn add(&mut self, kind: Kind, took: Duration) {
        self.by_kind[kind as usize].push(took);
    }

    /// Adds what was measured elsewhere.
    pub fn join(&mut self, others: Self) {
        for (ours, theirs) in self.by_kind.iter_mut().zip(others.by_kind) {
            ours.extend(theirs);
        }
    }

    /// How often this kind was handled.
    pub const fn count(&self, kind: Kind) -> usize {
        self.by_kind[kind as usize].len()
    }

    /// How long it took on average; nothing for what was never handled.
    pub fn mean(&self, kind: Kind) -> Duration {
        let its = &self.by_kind[kind as usize];
        let count = u32::try_from(its.len()).unwrap_or(u32::MAX).max(1);
        its.iter().sum::<Duration>() / count
    }

    /// The time that `percent` of them do not exceed; nothing for what was never handled.
    pub fn percentile(&self, kind: Kind, percent: usize) -> Duration {
        let times = self.by_kind[kind as usize].iter().copied();
        let times: crate::membership::Distribution = times.collect();
        times.percentile(percent)
    }
}

//! How times are spread.

use std::{fmt, time::Duration};

/// Times that were measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distribution {
    sorted: Vec<Duration>,
}

impl Distribution {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// Their mean; zero of none.
    pub fn mean(&self) -> Duration {
        let count = u32::try_from(self.sorted.len()).unwrap_or(u32::MAX);
        self.sorted.iter().sum::<Duration>() / count.max(1)
    }

    /// The time that `percent` of them do not exceed; zero of none.
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.sorted.len() * percent).div_ceil(100);
        self.sorted
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }

    /// The longest; zero of none.
    pub fn max(&self) -> Duration {
        self.sorted.last().copied().unwrap_or_default()
    }
}

impl FromIterator<Duration> for Distribution {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut sorted: Vec<_> = times.into_iter().collect();
        sorted.sort_unstable();
        Self { sorted }
    }
}

impl fmt::Display for Distribution {
    /// Mean, median, 99th percentile and maximum, in milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "mean {:>5} p50 {:>5} p99 {:>5} max {:>5} ms",
            self.mean().as_millis(),
            self.percentile(50).as_millis(),
            self.percentile(99).as_millis(),
            self.max().as_millis(),
        )
    }
}

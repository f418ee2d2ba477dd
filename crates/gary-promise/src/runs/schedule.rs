//! When what runs by schedule is due.

use std::fmt;

/// The shortest period, in milliseconds: each tick is two writes to the register of its workload's name.
pub const PERIOD_MS_MIN: u64 = 1_000;

/// The longest period, in milliseconds: a leap year.
pub const PERIOD_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1_000;

/// A moment as people count it, in milliseconds since 1970 in UTC. No agent reads it from anywhere: its shell tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(pub u64);

/// The number of a tick, counted in periods since 1970. It is what is unique about a tick: whatever clocks say, it is
/// claimed once. What runs once has the first only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u64);

/// When what runs by schedule is due: once in each period, as long after its beginning as the phase says.
///
/// How a person writes it (`cron`, a calendar, a time zone) is the manifest's, not an agent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Schedule {
    period_ms: u64,
    phase_ms: u64,
    first: Tick,
}

/// Nothing is due so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The period is too short or too long.
    #[error("a period of {period_ms} ms is not between {PERIOD_MS_MIN} and {PERIOD_MS_MAX}")]
    Period {
        /// The period, in milliseconds.
        period_ms: u64,
    },
    /// The phase is not within the period.
    #[error("a phase of {phase_ms} ms is not within a period of {period_ms} ms")]
    Phase {
        /// The phase, in milliseconds.
        phase_ms: u64,
        /// The period, in milliseconds.
        period_ms: u64,
    },
}

impl Schedule {
    /// Once in each period, so long after its beginning, from this tick on: what is deployed at noon and due at midnight is
    /// not late.
    ///
    /// # Errors
    ///
    /// Refuses a period below [`PERIOD_MS_MIN`] or above [`PERIOD_MS_MAX`], and a phase that is not within it.
    pub const fn new(period_ms: u64, phase_ms: u64, first: Tick) -> Result<Self, ScheduleError> {
        if period_ms < PERIOD_MS_MIN || period_ms > PERIOD_MS_MAX {
            return Err(ScheduleError::Period { period_ms });
        }
        if phase_ms >= period_ms {
            return Err(ScheduleError::Phase {
                phase_ms,
                period_ms,
            });
        }
        Ok(Self {
            period_ms,
            phase_ms,
            first,
        })
    }

    /// How long a period is, in milliseconds.
    pub const fn period_ms(&self) -> u64 {
        self.period_ms
    }

    /// How long after the beginning of a period it is due, in milliseconds.
    pub const fn phase_ms(&self) -> u64 {
        self.phase_ms
    }

    /// The first tick that it is run at.
    pub const fn first(&self) -> Tick {
        self.first
    }

    /// Whether another numbers the same ticks, whichever it begins with.
    pub const fn numbers_like(&self, other: &Self) -> bool {
        self.period_ms == other.period_ms && self.phase_ms == other.phase_ms
    }

    /// The latest tick that is due by then; `None` before the first.
    pub fn latest(&self, now: WallTime) -> Option<Tick> {
        let since_ms = now.0.checked_sub(self.phase_ms)?;
        let latest = Tick(since_ms / self.period_ms);
        (latest >= self.first).then_some(latest)
    }

    /// When a tick is due; past the end of time, its end.
    pub const fn due_at(&self, tick: Tick) -> WallTime {
        let at_ms = tick.0.saturating_mul(self.period_ms);
        WallTime(at_ms.saturating_add(self.phase_ms))
    }
}

impl Tick {
    /// The one of what runs once.
    pub const ONLY: Self = Self(0);

    /// The one after it; after the last, where no clock gets, the last.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_due_in_each_period_and_the_latest_until_the_next() {
        let schedule = Schedule::new(1_000, 250, Tick(0)).expect("long enough");
        assert_eq!(schedule.latest(WallTime(249)), None);
        assert_eq!(schedule.latest(WallTime(250)), Some(Tick(0)));
        assert_eq!(schedule.latest(WallTime(1_249)), Some(Tick(0)));
        assert_eq!(schedule.latest(WallTime(1_250)), Some(Tick(1)));
        assert_eq!(schedule.due_at(Tick(1).next()), WallTime(2_250));
        assert_eq!(schedule.due_at(Tick(u64::MAX).next()), WallTime(u64::MAX));
        let later = Schedule::new(1_000, 250, Tick(2)).expect("long enough");
        assert!(later.numbers_like(&schedule));
        assert_eq!(later.latest(WallTime(2_249)), None);
        assert_eq!(later.latest(WallTime(2_250)), Some(Tick(2)));
    }

    #[test]
    fn what_is_never_due_is_refused() {
        for (period_ms, phase_ms) in [(0, 0), (999, 0), (PERIOD_MS_MAX + 1, 0), (1_000, 1_000)] {
            let error = Schedule::new(period_ms, phase_ms, Tick(0)).expect_err("it is none");
            assert!(error.to_string().contains("is not"), "{error}");
        }
    }
}

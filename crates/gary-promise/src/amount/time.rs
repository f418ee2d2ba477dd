//! Time, as a value.

use std::time::Duration;

/// A moment by one agent's own clock, in microseconds since a start that only this agent knows.
///
/// It comes in as `now` and never goes out: two agents' times have nothing to do with each other, and
/// what is to be judged elsewhere is said as a [`Lease`](crate::Lease) or a [`Version`](crate::Version).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    since_start_us: u64,
}

impl Time {
    /// This many microseconds after the start.
    pub const fn from_us(since_start_us: u64) -> Self {
        Self { since_start_us }
    }

    /// Microseconds since the start.
    pub const fn as_us(self) -> u64 {
        self.since_start_us
    }

    /// The moment `span` later; past the end of time, its end.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        let span_us = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Self::from_us(self.since_start_us.saturating_add(span_us))
    }

    /// How long ago `earlier` was; nothing where it is yet to come.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.since_start_us.saturating_sub(earlier.since_start_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_its_ends() {
        let now = Time::from_us(u64::MAX - 1);
        assert_eq!(now.after(Duration::MAX).as_us(), u64::MAX);
        assert_eq!(Time::from_us(1).since(now), Duration::ZERO);
        assert_eq!(
            now.since(Time::from_us(0)),
            Duration::from_micros(u64::MAX - 1)
        );
    }
}

//! The time that an agent goes by.

use std::time::Duration;

use gary_promise::{Time, WallTime};
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// The time since a node has started. It counts while the machine is suspended, so that nobody goes on with what ran out
/// meanwhile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            start: read(ClockId::Boottime),
        }
    }

    pub(crate) fn now(&self) -> Time {
        let since_start = read(ClockId::Boottime).saturating_sub(self.start);
        Time::from_us(u64::try_from(since_start.as_micros()).unwrap_or(u64::MAX))
    }

    /// A time, by the clock of this machine that terms go by.
    pub(crate) fn since_boot(&self, at: Time) -> Duration {
        self.start + Duration::from_micros(at.as_us())
    }

    /// When a timer is to go off for this.
    pub(crate) fn instant(&self, at: Time) -> Instant {
        Instant::now() + at.since(self.now())
    }

    /// What people would say how late it is.
    pub(crate) fn wall() -> WallTime {
        let now = read(ClockId::Realtime);
        WallTime(u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
    }
}

fn read(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    let secs = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
    Duration::new(secs, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_and_begins_at_zero() {
        let clock = Clock::start();
        let (one, other) = (clock.now(), clock.now());
        assert!(one <= other && one.as_us() < 60_000_000);
        assert!(clock.instant(Time::from_us(0)) <= Instant::now());
        // Later than this was written.
        assert!(Clock::wall().0 > 1_700_000_000_000);
    }
}

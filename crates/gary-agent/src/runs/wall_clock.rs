//! What its shell has told an agent of the time as people count it.

use std::time::Duration;

use gary_promise::{Schedule, Tick, Time, WallTime};

/// By how much a host's clock may be ahead of a keeper's before that keeper claims no tick for it: a clock that is a year
/// ahead would take all of its ticks.
pub const AHEAD_MAX: Duration = Duration::from_secs(60);

/// What its shell has told an agent of the time as people count it. It tells it at a start, and whenever that clock is set.
#[derive(Debug, Default)]
pub(crate) struct WallClock {
    /// When it was which time.
    told: Option<(Time, WallTime)>,
}

impl WallClock {
    /// It is that late now.
    pub(crate) fn set(&mut self, now: Time, wall: WallTime) {
        self.told = Some((now, wall));
    }

    /// How late it is; `None` where nobody has said.
    pub(crate) fn read(&self, now: Time) -> Option<WallTime> {
        let (then, wall) = self.told?;
        let since_ms = u64::try_from(now.since(then).as_millis()).unwrap_or(u64::MAX);
        Some(WallTime(wall.0.saturating_add(since_ms)))
    }

    /// When it will be that late, if its clock is not set meanwhile; past times are now.
    pub(crate) fn when(&self, now: Time, wall: WallTime) -> Option<Time> {
        let now_ms = self.read(now)?.0;
        // A millisecond more, since what is read is rounded down.
        let in_ms = wall.0.saturating_sub(now_ms).saturating_add(1);
        Some(now.after(Duration::from_millis(in_ms)))
    }

    /// Whether a tick is due, or will be soon enough for another's clock to say that it is. Where nobody has said how late
    /// it is, nothing speaks against it.
    pub(crate) fn lets_begin(&self, now: Time, schedule: &Schedule, tick: Tick) -> bool {
        let soon = now.after(AHEAD_MAX);
        let latest = self.read(soon).map(|wall| schedule.latest(wall));
        latest.is_none_or(|latest| latest >= Some(tick))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_us(ms * 1_000)
    }

    #[test]
    fn goes_on_from_what_it_was_told_last() {
        let mut clock = WallClock::default();
        assert_eq!(clock.read(at(5)), None);
        assert_eq!(clock.when(at(5), WallTime(9)), None);
        clock.set(at(5), WallTime(1_000));
        assert_eq!(clock.read(at(7)), Some(WallTime(1_002)));
        assert_eq!(clock.when(at(7), WallTime(1_010)), Some(at(16)));
        clock.set(at(8), WallTime(500));
        assert_eq!(clock.read(at(8)), Some(WallTime(500)));
    }

    #[test]
    fn a_tick_that_is_far_ahead_is_not_begun() {
        let schedule = Schedule::new(1_000, 0, Tick(0)).expect("long enough");
        let mut clock = WallClock::default();
        assert!(clock.lets_begin(at(0), &schedule, Tick(u64::MAX)));
        clock.set(at(0), WallTime(0));
        let ahead = AHEAD_MAX.as_secs();
        assert!(clock.lets_begin(at(0), &schedule, Tick(ahead)));
        assert!(!clock.lets_begin(at(0), &schedule, Tick(ahead + 1)));
    }
}

//! The clock of one node, which is nobody else's.

use std::time::Duration;

use gary_promise::{Time, WallTime};

/// How fast a clock may go wrong, in millionths. Ten times what cheap hardware does.
pub const DRIFT_PPM_MAX: i32 = 1_000;

/// How late it is, as people count it, when a world begins, in milliseconds.
pub(crate) const WALL_BEGINS_MS: u64 = 1_000_000;

/// How late it is at a time of the world, as people count it. Who asks is told right.
pub(crate) const fn wall(at: Time) -> WallTime {
    WallTime(WALL_BEGINS_MS + at.as_us() / 1_000)
}

/// A node's own clock: it runs a little fast or slow, began at some time, and jumps ahead when its machine
/// was asleep. It never goes back.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    /// How much faster than the world's it is, in millionths.
    drift_ppm: i32,
    /// What it showed when the world began, and all that it has jumped since.
    ahead: Duration,
}

const MILLION: i128 = 1_000_000;

impl Clock {
    /// A clock that runs this much fast, in millionths, and is ahead by so much. What is more than
    /// [`DRIFT_PPM_MAX`] is taken as that.
    pub fn new(drift_ppm: i32, ahead: Duration) -> Self {
        Self {
            drift_ppm: drift_ppm.clamp(-DRIFT_PPM_MAX, DRIFT_PPM_MAX),
            ahead,
        }
    }

    /// What it shows at a time of the world.
    pub fn read(&self, at: Time) -> Time {
        let passed_us = i128::from(at.as_us()) * (MILLION + i128::from(self.drift_ppm)) / MILLION;
        Time::from_us(clamped(passed_us)).after(self.ahead)
    }

    /// The first time of the world at which it shows as much.
    pub fn when(&self, shown: Time) -> Time {
        let passed_us = i128::from(shown.as_us()) - self.ahead.as_micros() as i128;
        let rate = MILLION + i128::from(self.drift_ppm);
        let world_us = (passed_us * MILLION).max(0);
        Time::from_us(clamped((world_us + rate - 1) / rate))
    }

    /// Jumps ahead.
    pub fn jump(&mut self, by: Duration) {
        self.ahead += by;
    }
}

fn clamped(us: i128) -> u64 {
    u64::try_from(us.max(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shows_what_was_waited_for_and_not_before(
            drift_ppm in -DRIFT_PPM_MAX..=DRIFT_PPM_MAX,
            ahead_us in 0..10_000_000_000_u64,
            at_us in 1..10_000_000_000_u64,
        ) {
            let clock = Clock::new(drift_ppm, Duration::from_micros(ahead_us));
            let shown = clock.read(Time::from_us(at_us));
            let when = clock.when(shown);
            prop_assert!(clock.read(when) >= shown && when <= Time::from_us(at_us));
            if when.as_us() > 0 {
                prop_assert!(clock.read(Time::from_us(when.as_us() - 1)) < shown);
            }
        }
    }
}

//! How late this agent is.

use std::time::Duration;

use gary_promise::Time;

/// How late this agent has lately handled what was due.
///
/// An agent that is late itself does well to doubt others less: the answer it waits for may be among
/// what it has not read yet. (The idea: Dadgar, Phillips and Currey, "Lifeguard", 2018, which counts
/// failures of its own probes; a delay is measured sooner and says how much.)
///
/// It is the greatest delay of late, and fades at a steady rate, so that one long pause is remembered for
/// a while and a chain of short ones never adds up past the limit.
#[derive(Debug)]
pub(super) struct Lag {
    peak: Duration,
    peaked_at: Time,
    peak_max: Duration,
    fade_percent: u32,
}

impl Lag {
    /// No lag so far. It is never taken for more than `peak_max`, and fades by `fade_percent` of the time
    /// that passes.
    pub(super) const fn new(now: Time, peak_max: Duration, fade_percent: u32) -> Self {
        Self {
            peak: Duration::ZERO,
            peaked_at: now,
            peak_max,
            fade_percent,
        }
    }

    /// What was due at `due` is handled now.
    pub(super) fn observe(&mut self, now: Time, due: Time) {
        let late = now.since(due).min(self.peak_max);
        if late >= self.recent(now) {
            self.peak = late;
            self.peaked_at = now;
        }
    }

    /// How late it has lately been.
    pub(super) fn recent(&self, now: Time) -> Duration {
        let passed = now.since(self.peaked_at);
        self.peak
            .saturating_sub(passed.saturating_mul(self.fade_percent) / 100)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: Duration = Duration::from_secs(2);

    fn at_ms(ms: u64) -> Time {
        Time::from_us(ms * 1000)
    }

    #[test]
    fn fades() {
        let mut lag = Lag::new(at_ms(0), MAX, 10);
        lag.observe(at_ms(600), at_ms(100));
        assert_eq!(lag.recent(at_ms(600)), Duration::from_millis(500));
        // Less than what is remembered changes nothing.
        lag.observe(at_ms(1600), at_ms(1599));
        assert_eq!(lag.recent(at_ms(1600)), Duration::from_millis(400));
        assert_eq!(lag.recent(at_ms(9000)), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn is_bounded(handled in prop::collection::vec((any::<u64>(), any::<u64>()), 0..20)) {
            let mut lag = Lag::new(at_ms(0), MAX, 10);
            for (now, due) in handled {
                let (now, due) = (Time::from_us(now), Time::from_us(due));
                lag.observe(now, due);
                prop_assert!(lag.recent(now) <= MAX);
                prop_assert!(lag.recent(now) >= now.since(due).min(MAX));
            }
        }
    }
}

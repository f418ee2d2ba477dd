//! How long a peer that was dialled in vain is left alone.

use std::time::{Duration, Instant};

/// What is remembered of the attempts to dial one peer.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    until: Option<Instant>,
}

impl Backoff {
    /// Takes note of an attempt in vain. The time doubles with each, up to `max`; between half of it
    /// and the whole is `random`'s to say, so that many who lost one peer do not come back as one.
    pub(crate) fn failed(&mut self, now: Instant, min: Duration, max: Duration, random: u64) {
        let doubled = min.saturating_mul(2_u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        let half = doubled.min(max) / 2;
        let jitter = half.mul_f64(random as f64 / u64::MAX as f64);
        self.until = now.checked_add(half + jitter);
    }

    /// Takes note that the peer was reached, or came by itself.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// How long it is still left alone, if it is.
    pub(crate) fn wait(&self, now: Instant) -> Option<Duration> {
        let wait = self.until?.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: Duration = Duration::from_millis(100);
    const MAX: Duration = Duration::from_millis(700);

    #[test]
    fn the_time_doubles_up_to_a_limit() {
        let now = Instant::now();
        let mut backoff = Backoff::default();
        assert_eq!(backoff.wait(now), None);
        for expected_ms in [100, 200, 400, 700, 700] {
            backoff.failed(now, MIN, MAX, u64::MAX);
            assert_eq!(
                backoff.wait(now),
                Some(Duration::from_millis(expected_ms)),
                "{backoff:?}"
            );
        }
        backoff.succeeded();
        assert_eq!(backoff.wait(now), None);
    }

    #[test]
    fn half_of_the_time_is_random() {
        let now = Instant::now();
        let mut backoff = Backoff::default();
        backoff.failed(now, MIN, MAX, 0);
        assert_eq!(backoff.wait(now), Some(MIN / 2));
        assert_eq!(backoff.wait(now + MIN / 2), None);
    }

    #[test]
    fn many_failures_overflow_nothing() {
        let now = Instant::now();
        let mut backoff = Backoff::default();
        for _ in 0..100 {
            backoff.failed(now, MIN, MAX, u64::MAX);
        }
        assert_eq!(backoff.wait(now), Some(MAX));
    }
}

//! How many bytes may pass within a time.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that pass at once after a while without any: a sixteenth of a second's, and at least these.
const BURST_BYTES_MIN: f64 = 16_384.0;

/// A token bucket: it fills with so many bytes a second, and what passes is taken out of it.
#[derive(Debug)]
pub(crate) struct Bucket {
    bytes_per_second: f64,
    burst_bytes: f64,
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    bytes: f64,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(bytes_per_second: NonZeroU64, now: Instant) -> Self {
        let bytes_per_second = bytes_per_second.get() as f64;
        let burst_bytes = (bytes_per_second / 16.0).max(BURST_BYTES_MIN);
        Self {
            bytes_per_second,
            burst_bytes,
            level: Mutex::new(Level {
                bytes: burst_bytes,
                at: now,
            }),
        }
    }

    /// Takes up to `wanted` bytes out, which may then pass.
    ///
    /// # Errors
    /// How long it takes until there are as many as are worth a packet or two.
    pub(crate) fn take(&self, now: Instant, wanted: usize) -> Result<usize, Duration> {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(level.at);
        level.bytes += passed.as_secs_f64() * self.bytes_per_second;
        level.bytes = level.bytes.min(self.burst_bytes);
        level.at = level.at.max(now);

        let worth = (wanted as f64).min(BURST_BYTES_MIN / 4.0);
        if level.bytes < worth {
            let missing = (worth - level.bytes) / self.bytes_per_second;
            // Rounded up, or it would be asked again just too early.
            return Err(Duration::from_secs_f64(missing) + Duration::from_micros(1));
        }
        let taken = wanted.min(level.bytes as usize);
        level.bytes -= taken as f64;
        Ok(taken)
    }

    /// Puts back what was taken and did not pass.
    pub(crate) fn give_back(&self, bytes: usize) {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        level.bytes = (level.bytes + bytes as f64).min(self.burst_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(now: Instant) -> Bucket {
        Bucket::new(NonZeroU64::new(1_000_000).unwrap(), now)
    }

    #[test]
    fn no_more_passes_than_may() {
        let mut now = Instant::now();
        let start = now;
        let bucket = bucket(now);
        let mut passed = 0;
        while passed < 10_000_000 {
            match bucket.take(now, 1 << 20) {
                Ok(bytes) => passed += bytes,
                Err(wait) => now += wait,
            }
        }
        let expected = (10_000_000.0 - 62_500.0) / 1_000_000.0;
        let seconds = (now - start).as_secs_f64();
        assert!((expected..expected * 1.01).contains(&seconds), "{seconds}");
    }

    #[test]
    fn a_while_without_use_saves_up_no_more_than_a_burst() {
        let now = Instant::now();
        let bucket = bucket(now);
        let later = now + Duration::from_secs(3_600);
        assert_eq!(bucket.take(later, usize::MAX), Ok(62_500));
        assert!(bucket.take(later, 1).is_err());
    }

    #[test]
    fn what_did_not_pass_may_pass_later() {
        let now = Instant::now();
        let bucket = bucket(now);
        assert_eq!(bucket.take(now, usize::MAX), Ok(62_500));
        bucket.give_back(10);
        assert_eq!(bucket.take(now, 10), Ok(10));
        bucket.give_back(usize::MAX);
        assert_eq!(bucket.take(now, usize::MAX), Ok(62_500));
    }
}

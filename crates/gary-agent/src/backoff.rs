//! How long to wait before something is tried again.

use std::time::Duration;

use rand::{Rng, RngExt};

/// The first wait, and the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// After the first attempt, in milliseconds.
    pub first_ms: u64,
    /// After many, in milliseconds.
    pub longest_ms: u64,
}

impl Waits {
    /// The shortest wait there is.
    pub const fn least(self) -> Duration {
        Duration::from_millis(self.first_ms.div_ceil(2))
    }

    /// The longest wait there is.
    pub const fn longest(self) -> Duration {
        Duration::from_millis(self.longest_ms)
    }

    /// The wait after this many attempts in a row: twice the one before, with up to half of it taken away
    /// at random, so that those who failed together do not try again together.
    pub fn after(self, attempts: u32, random: &mut impl Rng) -> Duration {
        let doublings = attempts.saturating_sub(1).min(32);
        let whole_ms = self
            .first_ms
            .saturating_mul(1 << doublings)
            .min(self.longest_ms)
            .max(1);
        Duration::from_millis(random.random_range(whole_ms.div_ceil(2)..=whole_ms))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    use super::*;

    #[test]
    fn doubles_up_to_the_longest_and_is_never_less_than_half() {
        let waits = Waits {
            first_ms: 100,
            longest_ms: 1_000,
        };
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for (attempts, whole_ms) in [
            (0, 100),
            (1, 100),
            (2, 200),
            (4, 800),
            (5, 1_000),
            (99, 1_000),
        ] {
            for _ in 0..100 {
                let wait = waits.after(attempts, &mut random);
                let range = Duration::from_millis(whole_ms / 2)..=Duration::from_millis(whole_ms);
                assert!(range.contains(&wait), "{wait:?} after {attempts}");
            }
        }
    }
}

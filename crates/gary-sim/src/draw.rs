//! Drawing by chance.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

/// Draws by chance, from the seed.
pub(crate) struct Draw(pub(crate) ChaCha8Rng);

impl Draw {
    /// Less than this, or 0.
    pub(crate) fn upto(&mut self, count: usize) -> usize {
        self.0.random_range(0..count.max(1))
    }

    pub(crate) fn between(&mut self, least: usize, most: usize) -> usize {
        self.0.random_range(least..=most.max(least))
    }

    pub(crate) fn happens(&mut self, percent: usize) -> bool {
        self.upto(100) < percent
    }

    pub(crate) fn sometime(&mut self, span: Duration) -> Duration {
        let span_us = span.as_micros() as usize;
        Duration::from_micros(self.upto(span_us) as u64)
    }
}

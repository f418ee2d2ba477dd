//! How long a part of the benchmark may take: what is not done by then is said not to be, and is no failure.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Time between two looks at whether something has come about.
const LOOKS_EVERY: Duration = Duration::from_millis(5);

/// When something has to be over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn within(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    /// This one, or that one if it comes sooner.
    pub(super) fn or_within(self, limit: Duration) -> Self {
        Self(self.0.min(Instant::now() + limit))
    }

    pub(super) fn is_over(self) -> bool {
        Instant::now() >= self.0
    }

    pub(super) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Looks until there is something, and returns it.
    ///
    /// # Errors
    /// When there is not in time, or a look fails.
    pub(super) fn until<T>(
        self,
        what: &str,
        mut look: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        loop {
            let began = Instant::now();
            if let Some(found) = look()? {
                return Ok(found);
            }
            if self.is_over() {
                bail!("waited in vain until {what}");
            }
            // What is watched has the machine for as long as the look took.
            thread::sleep(began.elapsed().max(LOOKS_EVERY));
        }
    }
}

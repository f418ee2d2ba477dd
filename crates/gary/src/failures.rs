//! Keeps a guest that fails at every request from flooding the terminal.

use std::time::{Duration, Instant};

/// Failures told in full each second; further ones are counted.
const TOLD_MAX: u64 = 5;
const SECOND: Duration = Duration::from_secs(1);

/// The failures of the second that is under way.
pub(crate) struct Failures {
    since: Instant,
    told: u64,
    untold: u64,
}

/// What to do about a failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Tell it in full.
    Tell,
    /// It is counted, and the first to be since the count was taken, which is to be done by then.
    CountUntil(Instant),
    /// It is counted with others.
    Count,
}

impl Failures {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            since: now,
            told: 0,
            untold: 0,
        }
    }

    /// A request failed.
    pub(crate) fn handle_failure(&mut self, now: Instant) -> Verdict {
        if now.saturating_duration_since(self.since) >= SECOND {
            self.since = now;
            self.told = 0;
        }
        if self.told < TOLD_MAX {
            self.told += 1;
            return Verdict::Tell;
        }
        self.untold += 1;
        match self.untold {
            1 => Verdict::CountUntil(self.since + SECOND),
            _ => Verdict::Count,
        }
    }

    /// Takes the count of failures that were not told, if there are any.
    pub(crate) fn take_untold(&mut self) -> Option<u64> {
        let untold = std::mem::take(&mut self.untold);
        (untold > 0).then_some(untold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_told_and_the_rest_of_the_second_is_counted() {
        let start = Instant::now();
        let mut failures = Failures::new(start);
        for _ in 0..TOLD_MAX {
            assert_eq!(failures.handle_failure(start), Verdict::Tell);
        }
        let until = Verdict::CountUntil(start + SECOND);
        assert_eq!(failures.handle_failure(start), until);
        assert_eq!(failures.handle_failure(start), Verdict::Count);
        assert_eq!(failures.take_untold(), Some(2));
        assert_eq!(failures.take_untold(), None);
    }

    #[test]
    fn another_second_begins_with_the_first_failure_in_it() {
        let start = Instant::now();
        let mut failures = Failures::new(start);
        for _ in 0..TOLD_MAX {
            failures.handle_failure(start);
        }
        let later = start + 3 * SECOND / 2;
        for _ in 0..TOLD_MAX {
            assert_eq!(failures.handle_failure(later), Verdict::Tell);
        }
        let until = Verdict::CountUntil(later + SECOND);
        assert_eq!(failures.handle_failure(later), until);
    }

    #[test]
    fn a_count_that_nobody_took_goes_on() {
        let start = Instant::now();
        let mut failures = Failures::new(start);
        for second in 0..2 {
            for _ in 0..=TOLD_MAX {
                failures.handle_failure(start + second * SECOND);
            }
        }
        assert_eq!(failures.take_untold(), Some(2));
    }
}

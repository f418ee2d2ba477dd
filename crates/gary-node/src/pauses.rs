//! Pauses between looks at what is about to come about.

use std::time::Duration;

/// The first one: what was deployed a moment ago mostly runs a few milliseconds later.
const FIRST: Duration = Duration::from_millis(2);

/// Each is longer than the one before by half, so that no more than a third of the whole wait is spent in the last one,
/// and what takes long is not looked at much more often than at an even pace.
#[derive(Debug)]
pub(crate) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    /// None of them longer than `longest`.
    pub(crate) fn up_to(longest: Duration) -> Self {
        Self {
            next: FIRST.min(longest),
            longest,
        }
    }

    /// Waits for as long as the next one lasts.
    pub(crate) async fn pause(&mut self) {
        tokio::time::sleep(self.step()).await;
    }

    fn step(&mut self) -> Duration {
        let step = self.next;
        self.next = (step + step / 2).min(self.longest);
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let mut pauses = Pauses::up_to(Duration::from_millis(5));
        let steps = [(); 5].map(|()| pauses.step().as_micros());
        assert_eq!(steps, [2_000, 3_000, 4_500, 5_000, 5_000]);
    }
}

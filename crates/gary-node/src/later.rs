//! When what has failed is tried again: later each time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What is not tried again yet, and for how long each is waited. It doubles each time.
pub(crate) struct Later<K> {
    waits: BTreeMap<K, Wait>,
    wait_min: Duration,
    wait_max: Duration,
}

struct Wait {
    again_at: Instant,
    next: Duration,
}

impl<K: Ord> Later<K> {
    /// After the first failure it is waited for `wait_min`, and never longer than `wait_max`.
    pub(crate) const fn new(wait_min: Duration, wait_max: Duration) -> Self {
        Self {
            waits: BTreeMap::new(),
            wait_min,
            wait_max,
        }
    }

    /// Whether it is too early to try it again.
    pub(crate) fn is_later(&self, what: &K, now: Instant) -> bool {
        let wait = self.waits.get(what);
        wait.is_some_and(|its| its.again_at > now)
    }

    /// It has failed once more.
    pub(crate) fn failed(&mut self, what: K, now: Instant) {
        let wait = self.waits.get(&what).map_or(self.wait_min, |its| its.next);
        let next = Wait {
            again_at: now + wait,
            next: (wait * 2).min(self.wait_max),
        };
        self.waits.insert(what, next);
    }

    /// It has not failed, or nobody wants it tried: what fails next is waited for as if it were the first time.
    pub(crate) fn forget(&mut self, what: &K) {
        self.waits.remove(what);
    }

    /// Forgets all but these.
    pub(crate) fn retain(&mut self, is_one: impl Fn(&K) -> bool) {
        self.waits.retain(|what, _| is_one(what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_again_is_waited_for_twice_as_long_up_to_a_limit() {
        let ms = Duration::from_millis;
        let (mut later, mut now) = (Later::new(ms(2), ms(5)), Instant::now());
        assert!(!later.is_later(&1, now));
        for wait in [2, 4, 5, 5] {
            later.failed(1, now);
            assert!(later.is_later(&1, now + ms(wait - 1)));
            assert!(!later.is_later(&2, now));
            now += ms(wait);
            assert!(!later.is_later(&1, now));
        }
        later.forget(&1);
        later.failed(1, now);
        assert!(!later.is_later(&1, now + ms(2)));
        later.failed(1, now);
        later.retain(|its| *its != 1);
        assert!(!later.is_later(&1, now));
    }
}

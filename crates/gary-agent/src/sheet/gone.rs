//! What is gone from a sheet, for a while.

use std::collections::VecDeque;

use gary_promise::{SHEET_GONE_MAX, Version};

/// The most promises of another agent that one remembers to be gone. With thousands of owners it is
/// far fewer than an owner remembers of its own; a peer that has missed more gets the whole sheet.
pub const GONE_RELAYED_MAX: usize = 64;

const _: () = assert!(GONE_RELAYED_MAX <= SHEET_GONE_MAX);

/// Which promises are gone from a sheet, by the head with which it was learned.
///
/// It is no proof of anything: the head is. It only says what a peer has to take off a sheet that it
/// already has. So it may forget, and then says since when it remembers; and where a peer has told a lie,
/// it takes others no more than asking again for all of the sheet.
#[derive(Debug, Clone)]
pub(super) struct Gone {
    /// From this head on, everything is remembered.
    from: Version,
    /// The head and the promise that it no longer has, in the order of the heads.
    log: VecDeque<(Version, Version)>,
    count_max: usize,
}

impl Gone {
    /// Remembers up to `count_max` promises, from the head `from` on.
    pub(super) const fn new(from: Version, count_max: usize) -> Self {
        Self {
            from,
            log: VecDeque::new(),
            count_max,
        }
    }

    /// The same, and with the head `at` these promises are gone. The earliest are forgotten where there
    /// are too many.
    pub(super) fn with(&self, at: Version, promises: impl IntoIterator<Item = Version>) -> Self {
        let mut next = self.clone();
        for promise in promises {
            next.log.push_back((at, promise));
            if next.log.len() > next.count_max {
                let forgotten = next.log.pop_front().map(|(head, _)| head);
                // A peer at that very head has already taken it off.
                next.from = forgotten.map_or(next.from, |head| head.max(next.from));
            }
        }
        next
    }

    /// From which head on everything is remembered.
    pub(super) const fn from(&self) -> Version {
        self.from
    }

    /// What is gone since the head `since`. Everything, if that is not before [`from`](Self::from).
    pub(super) fn since(&self, since: Version) -> impl Iterator<Item = Version> {
        let later = self.log.iter().filter(move |(head, _)| *head > since);
        later.map(|(_, promise)| *promise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::testing::version;

    #[test]
    fn forgets_the_earliest_and_says_so() {
        let [first, second, third] = [10, 20, 30].map(version);
        let gone = Gone::new(first, 3).with(second, [1, 2].map(version));
        assert_eq!(gone.from(), first);
        assert!(gone.since(first).eq([1, 2].map(version)));

        let gone = gone.with(third, [3, 4].map(version));
        assert_eq!(gone.from(), second);
        assert!(gone.since(second).eq([3, 4].map(version)));
        assert_eq!(gone.since(third).count(), 0);
    }

    #[test]
    fn remembers_nothing_of_a_change_that_is_larger_than_its_memory() {
        let gone = Gone::new(version(10), 2).with(version(20), [1, 2, 3].map(version));
        assert_eq!(gone.from(), version(20));
    }
}

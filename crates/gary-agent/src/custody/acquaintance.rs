//! How many members this agent has known.

/// Beyond so many it does not count: of a large cluster it knows nearly all as soon as it knows some.
const COUNTED_MAX: u32 = 64;

/// How many members this agent has known that might keep something, across its starts. One that has known more than it
/// knows now has yet to find the others, and until then might think of other keepers than everybody else does.
///
/// It is remembered from when the agent first has to do with what several keep.
#[derive(Debug)]
pub(super) struct Acquaintance {
    count: u32,
    /// What is on disk of it.
    stored: Option<u32>,
    /// It was told whom to join by way of, so that it is not alone.
    has_others: bool,
}

impl Acquaintance {
    pub(super) const fn new() -> Self {
        Self {
            count: 0,
            stored: None,
            has_others: false,
        }
    }

    /// It is on disk that there were so many.
    pub(super) fn resume(&mut self, count: Option<u32>) {
        self.count = count.unwrap_or_default();
        self.stored = count;
    }

    /// It was told whom to join by way of.
    pub(super) const fn has_others(&mut self) {
        self.has_others = true;
    }

    /// So many are known now. Who is not there any more counts all the same. Says what is to be remembered, if that is
    /// new.
    pub(super) fn update(&mut self, count: usize) -> Option<u32> {
        let count = u32::try_from(count).unwrap_or(u32::MAX).min(COUNTED_MAX);
        self.count = self.count.max(count);
        self.stored.and_then(|_| self.remember())
    }

    /// One of them keeps nothing any more, by its own word. Says what is to be remembered, if that is new.
    pub(super) fn depart(&mut self) -> Option<u32> {
        self.count = self.count.saturating_sub(1);
        self.stored.and_then(|_| self.remember())
    }

    /// It is to be remembered from now on. Says what, if that is new.
    pub(super) fn remember(&mut self) -> Option<u32> {
        let before = self.stored.replace(self.count);
        (before != self.stored).then_some(self.count)
    }

    /// Whether so many are as many as there were.
    pub(super) fn is_made(&self, count: usize) -> bool {
        let at_least = self.count.max(if self.has_others { 2 } else { 0 });
        u32::try_from(count).unwrap_or(u32::MAX) >= at_least
    }

    pub(super) const fn count(&self) -> u32 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_known_more_has_yet_to_find_them() {
        let mut acquaintance = Acquaintance::new();
        acquaintance.update(3);
        acquaintance.update(2);
        assert!(!acquaintance.is_made(2) && acquaintance.is_made(3));
        // One of them says that it keeps nothing any more.
        acquaintance.depart();
        assert!(acquaintance.is_made(2));
        acquaintance.update(1_000);
        assert!(acquaintance.is_made(64) && !acquaintance.is_made(63));
    }

    #[test]
    fn who_was_told_of_others_is_not_alone() {
        let mut acquaintance = Acquaintance::new();
        acquaintance.update(1);
        assert!(acquaintance.is_made(1));
        acquaintance.has_others();
        assert!(!acquaintance.is_made(1) && acquaintance.is_made(2));
    }

    #[test]
    fn is_remembered_from_the_first_time_that_it_matters() {
        let mut acquaintance = Acquaintance::new();
        assert_eq!(acquaintance.update(3), None);
        assert_eq!(acquaintance.remember(), Some(3));
        assert_eq!(
            (acquaintance.remember(), acquaintance.update(3)),
            (None, None)
        );
        assert_eq!(acquaintance.update(4), Some(4));
        assert_eq!(acquaintance.depart(), Some(3));

        let mut again = Acquaintance::new();
        again.resume(Some(3));
        assert!(!again.is_made(2));
        assert_eq!((again.update(2), again.update(4)), (None, Some(4)));
    }
}

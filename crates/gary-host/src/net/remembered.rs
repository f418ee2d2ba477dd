//! A bounded set that forgets: by age, and by disuse when it is full.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Keys that were seen, each for `ttl` after it was last inserted and never more than `entries_max`
/// of them: the least recently used one makes room.
#[derive(Debug)]
pub(super) struct Remembered<K> {
    entries: HashMap<K, Entry>,
    /// The keys by their last use, oldest first.
    by_use: BTreeMap<u64, K>,
    uses: u64,
    entries_max: usize,
    ttl: Duration,
}

#[derive(Debug)]
struct Entry {
    /// Set by insertion alone: using an address does not show that its name still points there.
    inserted: Instant,
    used: u64,
}

impl<K: Clone + Eq + Hash> Remembered<K> {
    pub(super) fn new(entries_max: usize, ttl: Duration) -> Self {
        Self {
            entries: HashMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
            entries_max,
            ttl,
        }
    }

    /// Remembers `key`, or remembers it anew.
    pub(super) fn insert(&mut self, key: K, now: Instant) {
        self.forget(&key);
        if self.entries.len() >= self.entries_max
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.uses += 1;
        self.by_use.insert(self.uses, key.clone());
        self.entries.insert(
            key,
            Entry {
                inserted: now,
                used: self.uses,
            },
        );
    }

    /// Whether `key` is still remembered; asking counts as a use.
    pub(super) fn contains(&mut self, key: &K, now: Instant) -> bool {
        let Some(entry) = self.entries.get_mut(key) else {
            return false;
        };
        if now.saturating_duration_since(entry.inserted) >= self.ttl {
            self.forget(key);
            return false;
        }
        self.uses += 1;
        self.by_use.remove(&entry.used);
        entry.used = self.uses;
        self.by_use.insert(self.uses, key.clone());
        true
    }

    fn forget(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.by_use.remove(&entry.used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(60);

    #[test]
    fn a_key_is_forgotten_after_its_time_however_often_it_was_used() {
        let start = Instant::now();
        let mut remembered = Remembered::new(8, TTL);
        remembered.insert("a", start);
        for second in 0..60 {
            assert!(remembered.contains(&"a", start + Duration::from_secs(second)));
        }
        assert!(!remembered.contains(&"a", start + TTL));
        assert!(
            !remembered.contains(&"a", start),
            "a forgotten key came back"
        );
    }

    #[test]
    fn inserting_again_starts_its_time_anew() {
        let start = Instant::now();
        let mut remembered = Remembered::new(8, TTL);
        remembered.insert("a", start);
        remembered.insert("a", start + TTL / 2);
        assert!(remembered.contains(&"a", start + TTL));
        assert!(!remembered.contains(&"a", start + TTL / 2 + TTL));
    }

    #[test]
    fn the_least_recently_used_key_makes_room() {
        let now = Instant::now();
        let mut remembered = Remembered::new(2, TTL);
        remembered.insert("a", now);
        remembered.insert("b", now);
        assert!(remembered.contains(&"a", now));
        remembered.insert("c", now);
        assert!(!remembered.contains(&"b", now));
        assert!(remembered.contains(&"a", now));
        assert!(remembered.contains(&"c", now));
        assert_eq!(remembered.entries.len(), remembered.by_use.len());
    }
}

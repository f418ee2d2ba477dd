//! Numbers that stand for places in a listing, because a cursor at 0.2.0-draft is a number.
//!
//! A count of keys would be simpler and wrong: a guest that deletes each page before it asks for
//! the next would be shown every second page.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::CallError;

/// Cursors that one store remembers. Past it the oldest is forgotten, and whoever comes back with
/// it is told to start again.
const CURSORS_MAX: usize = 256;

/// The places that listings of one store have reached. Shared by the workload's instances, so a
/// cursor may travel through a client and come back to another instance.
#[derive(Debug)]
pub(super) struct Cursors {
    next: u64,
    last_keys: BTreeMap<u64, String>,
}

impl Cursors {
    /// No listing has begun. Numbers start from the clock, so that one from before a restart is
    /// unknown and not another listing's.
    pub(super) fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanos = now.map_or(0, |since| since.as_nanos() as u64);
        Self {
            next: nanos.max(1),
            last_keys: BTreeMap::new(),
        }
    }

    /// A number for the place after `last_key`.
    pub(super) fn give(&mut self, last_key: String) -> u64 {
        if self.last_keys.len() >= CURSORS_MAX {
            self.last_keys.pop_first();
        }
        let cursor = self.next;
        self.next += 1;
        self.last_keys.insert(cursor, last_key);
        cursor
    }

    /// The key after which to go on; none for the start, which is also what 0 means.
    pub(super) fn place(&self, cursor: Option<u64>) -> Result<Option<String>, CallError> {
        let Some(cursor) = cursor.filter(|cursor| *cursor != 0) else {
            return Ok(None);
        };
        let last_key = self.last_keys.get(&cursor);
        last_key
            .map(|key| Some(key.clone()))
            .ok_or(CallError::CursorUnknown { cursor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_more_than_once_until_it_is_forgotten() {
        let mut cursors = Cursors::new();
        let first = cursors.give("a".to_owned());
        assert_eq!(cursors.place(Some(first)).unwrap().as_deref(), Some("a"));
        assert_eq!(cursors.place(Some(first)).unwrap().as_deref(), Some("a"));
        for _ in 0..CURSORS_MAX {
            cursors.give("b".to_owned());
        }
        assert!(matches!(
            cursors.place(Some(first)),
            Err(CallError::CursorUnknown { .. })
        ));
        assert_eq!(cursors.last_keys.len(), CURSORS_MAX);
    }

    #[test]
    fn zero_and_none_are_the_start() {
        let cursors = Cursors::new();
        assert_eq!(cursors.place(None).unwrap(), None);
        assert_eq!(cursors.place(Some(0)).unwrap(), None);
        assert!(cursors.place(Some(u64::MAX)).is_err());
    }
}

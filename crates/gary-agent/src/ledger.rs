//! What this agent has promised of its processor time and memory.

use std::collections::BTreeMap;

use gary_promise::{Portion, Resources};

/// What this agent has promised of its processor time and memory, by offer.
///
/// An offer sets aside what it promises before it is made, and what is set aside never exceeds the
/// capacity. Nothing else is asked when an agent decides whether it can: neither what is free on the
/// machine right now, nor what others say of it.
#[derive(Debug)]
pub struct Ledger {
    capacity: Resources,
    entries: BTreeMap<EntryId, Portion>,
    /// No number is used twice.
    next: u64,
    /// What all entries take together.
    promised: Resources,
    left: Resources,
}

/// Which entry of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryId(u64);

/// There is no room. Nothing was set aside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{left} left, {needed} asked")]
pub struct NoRoom {
    /// What was asked for.
    pub needed: Resources,
    /// What is left.
    pub left: Resources,
}

impl Ledger {
    /// With nothing promised yet.
    pub const fn new(capacity: Resources) -> Self {
        Self {
            capacity,
            entries: BTreeMap::new(),
            next: 0,
            promised: Resources::NONE,
            left: capacity,
        }
    }

    /// Sets a portion aside.
    ///
    /// # Errors
    ///
    /// When it is more than is left.
    pub fn reserve(&mut self, portion: Portion) -> Result<EntryId, NoRoom> {
        let needed = portion.resources();
        let (Some(left), Some(promised)) = (self.left.minus(needed), self.promised.plus(needed))
        else {
            return Err(NoRoom {
                needed,
                left: self.left,
            });
        };
        self.left = left;
        self.promised = promised;
        let entry = EntryId(self.next);
        self.next += 1;
        self.entries.insert(entry, portion);
        Ok(entry)
    }

    /// Frees what was set aside. What is free already stays so.
    pub fn free(&mut self, entry: EntryId) {
        if let Some(portion) = self.entries.remove(&entry) {
            let rest = self.promised.minus(portion.resources());
            self.promised = rest.expect("every entry is part of what is promised");
            self.settle();
        }
    }

    /// What an entry sets aside; nothing once it is freed.
    pub fn portion(&self, entry: EntryId) -> Option<Portion> {
        self.entries.get(&entry).copied()
    }

    /// Changes the capacity. What is promised stands, even where it is more than there is by now: then
    /// nothing is left until enough of it was freed.
    pub fn revise(&mut self, capacity: Resources) {
        self.capacity = capacity;
        self.settle();
    }

    /// What is neither promised nor set aside.
    pub const fn left(&self) -> Resources {
        self.left
    }

    /// What would neither be promised nor set aside once these are freed.
    pub fn left_without(&self, entries: impl IntoIterator<Item = EntryId>) -> Resources {
        let mut promised = self.promised;
        for portion in entries.into_iter().filter_map(|entry| self.portion(entry)) {
            let rest = promised.minus(portion.resources());
            promised = rest.expect("every entry is part of what is promised");
        }
        self.capacity.minus(promised).unwrap_or(Resources::NONE)
    }

    /// What there is to promise.
    pub const fn capacity(&self) -> Resources {
        self.capacity
    }

    fn settle(&mut self) {
        self.left = self.left_without([]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn amount(cpu: u64, memory: u64) -> Resources {
        Resources::new(cpu, memory).expect("not absurd")
    }

    fn portion(cpu: u64, memory: u64) -> Portion {
        Portion::new(cpu, memory).expect("something of both")
    }

    #[test]
    fn what_finds_no_room_is_told_how_much_is_left() {
        let mut ledger = Ledger::new(amount(100, 100));
        let first = ledger.reserve(portion(60, 10)).expect("there is room");
        let refused = ledger
            .reserve(portion(50, 10))
            .expect_err("no processor time");
        assert_eq!(
            (refused.needed, refused.left),
            (amount(50, 10), amount(40, 90))
        );
        ledger.free(first);
        ledger.free(first);
        assert_eq!(ledger.left(), amount(100, 100));
    }

    #[test]
    fn a_smaller_capacity_takes_nothing_back() {
        let mut ledger = Ledger::new(amount(100, 100));
        let first = ledger.reserve(portion(60, 60)).expect("there is room");
        ledger.revise(amount(50, 200));
        assert_eq!(ledger.left(), Resources::NONE);
        assert!(ledger.reserve(portion(1, 1)).is_err());
        assert_eq!(ledger.left_without([first]), amount(50, 200));
        ledger.free(first);
        assert_eq!(ledger.left(), amount(50, 200));
    }

    proptest! {
        #[test]
        fn never_exceeds_the_capacity(
            steps in prop::collection::vec((any::<bool>(), 1..50_u64, 1..50_u64), 0..60),
        ) {
            let capacity = amount(120, 120);
            let mut ledger = Ledger::new(capacity);
            let mut held = Vec::new();
            for (frees, cpu, memory) in steps {
                if frees && let Some((entry, _)) = held.pop() {
                    ledger.free(entry);
                } else if let Ok(entry) = ledger.reserve(portion(cpu, memory)) {
                    held.push((entry, amount(cpu, memory)));
                }
                let sum = held.iter().try_fold(Resources::NONE, |sum, (_, each)| sum.plus(*each));
                let sum = sum.expect("far from absurd");
                prop_assert!(capacity.covers(sum));
                prop_assert_eq!(ledger.left(), capacity.minus(sum).expect("it is covered"));
            }
        }
    }
}

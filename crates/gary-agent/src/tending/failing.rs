//! Hostings of an intent's generation that fail, so that no more of it are asked for.

use std::collections::BTreeMap;

use gary_promise::{AgentId, Failure, Generation, Slot, Time, Version};

use super::tended::Tended;

/// The most slots of a workload of which it is remembered that they fail. Beyond, no other is: an update stands still for
/// one as it does for many.
pub const FAILING_MAX: usize = 64;

/// A hosting whose host has said that it fails again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// Of which generation.
    pub generation: Generation,
    /// In which slot.
    pub slot: Slot,
    /// Who hosted it last.
    pub host: AgentId,
    /// What it said.
    pub failure: Failure,
    /// Since when the slot fails.
    pub since: Time,
}

/// The slots that fail, of one generation.
#[derive(Debug, Default)]
pub(super) struct Failures(BTreeMap<Slot, Failing>);

impl Failures {
    /// One fails, perhaps as it did before elsewhere.
    fn add(&mut self, failing: Failing) {
        let known = self.0.get(&failing.slot);
        let since = known.map_or(failing.since, |its| its.since);
        if known.is_some() || self.0.len() < FAILING_MAX {
            self.0.insert(failing.slot, Failing { since, ..failing });
        }
    }

    /// It has come to run after all.
    pub(super) fn runs(&mut self, slot: Slot) {
        self.0.remove(&slot);
    }

    pub(super) fn has(&self, slot: Slot) -> bool {
        self.0.contains_key(&slot)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Failing> {
        self.0.values()
    }
}

impl Tended {
    /// A host says that what it hosts fails.
    pub(super) fn fails(
        &mut self,
        slot: Slot,
        host: &AgentId,
        offer: Version,
        failure: Failure,
        now: Time,
    ) {
        let generation = self.wanted.lineage.generation();
        let counted = self.counted_by(slot, host, offer);
        if counted.is_some_and(|its| its.generation() == generation) {
            self.failing.add(Failing {
                generation,
                slot,
                host: *host,
                failure,
                since: now,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(slot: u32, us: u64) -> Failing {
        Failing {
            generation: Generation::FIRST,
            slot: Slot(slot),
            host: AgentId::from_bytes([1; 32]),
            failure: Failure::Start,
            since: Time::from_us(us),
        }
    }

    #[test]
    fn a_slot_fails_since_it_failed_first_until_it_runs() {
        let mut failures = Failures::default();
        failures.add(failing(1, 5));
        failures.add(failing(1, 9));
        let since: Vec<Time> = failures.iter().map(|its| its.since).collect();
        assert_eq!(since, [Time::from_us(5)]);
        failures.runs(Slot(1));
        assert!(failures.is_empty() && !failures.has(Slot(1)));
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut failures = Failures::default();
        for slot in 0..FAILING_MAX as u32 + 1 {
            failures.add(failing(slot, 1));
        }
        assert!(!failures.has(Slot(FAILING_MAX as u32)) && failures.has(Slot(0)));
        failures.add(failing(0, 2));
        assert_eq!(failures.iter().count(), FAILING_MAX);
    }
}

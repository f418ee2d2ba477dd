//! Which slots of a workload are to be filled.

use gary_promise::{Observer, Slot, Time};

use super::counted::{Counted, Standing};
use super::round::ROUND_SLOTS_MAX;
use super::tended::Tended;

/// Slots that no good hosting of the intent's generation fills, no more than a round can be for.
#[derive(Debug, Default)]
pub(super) struct Holes {
    /// Those that nobody hosts.
    pub(super) empty: Vec<Slot>,
    /// Those that are hosted at an earlier generation.
    pub(super) outdated: Vec<Slot>,
}

impl Holes {
    pub(super) fn of(tended: &Tended, observer: &Observer, now: Time) -> Self {
        let generation = tended.wanted.lineage.generation();
        let mut holes = Self::default();
        for slot in tended.wanted.valency.slots() {
            let counted = tended.slots.get(&slot).map_or(&[][..], Vec::as_slice);
            let good = counted
                .iter()
                .filter(|its| its.standing(observer, now) == Standing::Good);
            match good.map(Counted::generation).max() {
                None => holes.empty.push(slot),
                Some(hosted) if hosted < generation => holes.outdated.push(slot),
                Some(_) => {}
            }
        }
        holes.empty.truncate(ROUND_SLOTS_MAX);
        holes.outdated.truncate(ROUND_SLOTS_MAX - holes.empty.len());
        holes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.empty.len() + self.outdated.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Slot> {
        self.empty.iter().chain(&self.outdated).copied()
    }
}

//! How many hostings a workload has room for, and which of them one is.

use std::fmt;

/// The greatest [`Valency`], a million; more is refused as a slip of the hand.
pub const VALENCY_MAX: u32 = 1_000_000;

/// How many promises can bind at once: the N of an intent, or an agent's room for hostings.
///
/// An intent of valency zero uses nothing: that is how a workload is deleted by whoever may update
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Valency(u32);

/// One of the places that a valency counts, numbered from 0. The keepers and hosts of a workload share
/// the numbering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// A number is no valency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a valency of {given} is more than {VALENCY_MAX}")]
pub struct ValencyError {
    /// The number.
    pub given: u32,
}

impl Valency {
    /// Nothing can bind.
    pub const NONE: Self = Self(0);

    /// Room for `count` at once.
    ///
    /// # Errors
    ///
    /// More than [`VALENCY_MAX`] is refused.
    pub const fn new(count: u32) -> Result<Self, ValencyError> {
        if count > VALENCY_MAX {
            return Err(ValencyError { given: count });
        }
        Ok(Self(count))
    }

    /// Room for `count` at once, or for as many as there can be.
    pub(crate) fn saturating(count: u64) -> Self {
        // In range by the line itself: the greatest valency fits 32 bits.
        Self(count.min(u64::from(VALENCY_MAX)) as u32)
    }

    /// How many can bind at once.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Whether `slot` is one of those it counts.
    pub const fn has(self, slot: Slot) -> bool {
        slot.0 < self.0
    }

    /// Every slot it counts, in order.
    pub fn slots(self) -> impl Iterator<Item = Slot> {
        (0..self.0).map(Slot)
    }
}

impl fmt::Display for Valency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn too_many_are_refused() {
        assert_eq!(Valency::new(VALENCY_MAX).map(Valency::get), Ok(VALENCY_MAX));
        let error = Valency::new(VALENCY_MAX + 1).expect_err("one too many");
        assert_eq!(
            error.to_string(),
            "a valency of 1000001 is more than 1000000"
        );
        assert_eq!(Valency::saturating(u64::MAX).get(), VALENCY_MAX);
    }

    proptest! {
        #[test]
        fn has_exactly_the_slots_it_counts(count in 0..1000_u32, slot in 0..2000_u32) {
            let valency = Valency::new(count).expect("few enough");
            let slot = Slot(slot);
            prop_assert_eq!(valency.has(slot), valency.slots().any(|its| its == slot));
            prop_assert_eq!(valency.slots().count(), count as usize);
        }
    }
}

//! What the register of a name holds.

use crate::{Promise, PromiseId, Runs, Signed};

/// The most intents before the one that stands of which a register remembers that they stood. Who submits an earlier one
/// again is told of a conflict.
pub const EARLIER_MAX: usize = 16;

/// What the register of a name holds: the intent that stands, and which stood before it. Workload, generation and
/// whether it is deleted follow from the intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The intent, as its owner signed it.
    pub intent: Signed<Promise>,
    /// Those before it, the latest last.
    pub earlier: Earlier,
    /// What has been run to completion, by what stands.
    pub runs: Runs,
}

/// Intents that stood, the latest last; at most [`EARLIER_MAX`], beyond which the first is forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Earlier(Vec<PromiseId>);

impl Earlier {
    /// These, the latest last; the first are forgotten where there are too many.
    pub fn new(intents: impl IntoIterator<Item = PromiseId>) -> Self {
        let mut earlier = Self::default();
        for intent in intents {
            earlier = earlier.and(intent);
        }
        earlier
    }

    /// These and one more, which is the latest.
    pub fn and(mut self, intent: PromiseId) -> Self {
        if self.0.len() >= EARLIER_MAX {
            self.0.remove(0);
        }
        self.0.push(intent);
        self
    }

    /// Whether this one is among them.
    pub fn has(&self, intent: &PromiseId) -> bool {
        self.0.contains(intent)
    }

    /// All of them, the latest last.
    pub fn iter(&self) -> impl Iterator<Item = &PromiseId> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AgentId, BootEpoch, Sequence, Version};

    #[test]
    fn so_many_are_remembered_and_the_first_is_forgotten() {
        let intent = |number: usize| PromiseId {
            promiser: AgentId::from_bytes([1; 32]),
            version: Version {
                epoch: BootEpoch(1),
                sequence: Sequence::new(number as u64).expect("not zero"),
            },
        };
        let earlier = Earlier::new((1..=EARLIER_MAX + 2).map(intent));
        assert_eq!(earlier.iter().count(), EARLIER_MAX);
        assert!(!earlier.has(&intent(2)) && earlier.has(&intent(3)));
        assert!(
            earlier
                .iter()
                .eq(&Vec::from_iter((3..=EARLIER_MAX + 2).map(intent)))
        );
    }
}

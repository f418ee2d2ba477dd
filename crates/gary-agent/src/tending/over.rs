//! Offers that are over for this keeper: withdrawn, so that none is counted that comes later, or comes again; or
//! handed over, so that none is dismissed that others count.

use std::collections::{BTreeSet, VecDeque};

use gary_promise::PromiseId;

/// The most offers of each kind that are remembered. Beyond, the first is forgotten: one that was withdrawn, if it were
/// told again, would be counted until its host's next renewal, which does not name it; one that was handed over is
/// dismissed if its host renews it still, and its slot filled once more.
pub const OVER_MAX: usize = 4096;

/// What is over for this keeper, in whatever order things are heard of it: offers, if nothing else is said.
#[derive(Debug)]
pub(crate) struct Over<T = PromiseId, const MAX: usize = OVER_MAX> {
    all: BTreeSet<T>,
    order: VecDeque<T>,
}

impl<T, const MAX: usize> Default for Over<T, MAX> {
    fn default() -> Self {
        Self {
            all: BTreeSet::new(),
            order: VecDeque::new(),
        }
    }
}

impl<T: Copy + Ord, const MAX: usize> Over<T, MAX> {
    /// One more is over. Says which is not remembered any more for it.
    pub(crate) fn add(&mut self, offer: T) -> Option<T> {
        if !self.all.insert(offer) {
            return None;
        }
        self.order.push_back(offer);
        if self.order.len() <= MAX {
            return None;
        }
        let first = self.order.pop_front()?;
        self.all.remove(&first);
        Some(first)
    }

    /// It is not over after all, or does not matter any more. Says whether it was.
    pub(super) fn remove(&mut self, offer: &T) -> bool {
        let was_over = self.all.remove(offer);
        if was_over {
            self.order.retain(|its| its != offer);
        }
        was_over
    }

    pub(crate) fn has(&self, offer: &T) -> bool {
        self.all.contains(offer)
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::{AgentId, BootEpoch, Sequence, Version};

    use super::*;

    #[test]
    fn only_so_many_are_remembered_and_the_first_is_forgotten() {
        let offer = |number: u64| PromiseId {
            promiser: AgentId::from_bytes([1; 32]),
            version: Version {
                epoch: BootEpoch(1),
                sequence: Sequence::new(number).expect("not zero"),
            },
        };
        let mut over: Over = Over::default();
        for number in 1..=OVER_MAX as u64 {
            over.add(offer(number));
            over.add(offer(1));
        }
        assert!(over.has(&offer(1)));
        over.add(offer(OVER_MAX as u64 + 1));
        assert!(!over.has(&offer(1)) && over.has(&offer(2)));
        assert_eq!(over.order.len(), OVER_MAX);
    }
}

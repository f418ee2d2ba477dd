//! Offers that were withdrawn, so that none is counted that comes later, or comes again.

use std::collections::{BTreeSet, VecDeque};

use gary_promise::PromiseId;

/// The most withdrawn offers that are remembered. Beyond, the first is forgotten: if it were told again it would
/// be counted until its host's next renewal, which does not name it.
pub const WITHDRAWN_MAX: usize = 4096;

/// Offers that were withdrawn: a withdrawal is final, in whatever order it comes.
#[derive(Debug, Default)]
pub(super) struct Withdrawn {
    all: BTreeSet<PromiseId>,
    order: VecDeque<PromiseId>,
}

impl Withdrawn {
    pub(super) fn add(&mut self, offer: PromiseId) {
        if !self.all.insert(offer) {
            return;
        }
        self.order.push_back(offer);
        if self.order.len() > WITHDRAWN_MAX
            && let Some(first) = self.order.pop_front()
        {
            self.all.remove(&first);
        }
    }

    pub(super) fn has(&self, offer: &PromiseId) -> bool {
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
        let mut withdrawn = Withdrawn::default();
        for number in 1..=WITHDRAWN_MAX as u64 {
            withdrawn.add(offer(number));
            withdrawn.add(offer(1));
        }
        assert!(withdrawn.has(&offer(1)));
        withdrawn.add(offer(WITHDRAWN_MAX as u64 + 1));
        assert!(!withdrawn.has(&offer(1)) && withdrawn.has(&offer(2)));
        assert_eq!(withdrawn.order.len(), WITHDRAWN_MAX);
    }
}

//! What an agent has come to judge of others, for its own person to read.

use std::collections::VecDeque;

use gary_promise::{Assessment, BootEpoch, Slot, WorkloadId};

/// The most assessments that are remembered, in memory and on disk. Beyond, the oldest is forgotten: what
/// counts now follows from evidence, and this is history.
pub const JOURNAL_MAX: usize = 1024;

/// A judgement that an agent has changed, and what it is of: the promise alone says nothing any more once
/// its record is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assessed {
    /// The judgement: of which promise, by whom, by what it goes.
    pub assessment: Assessment,
    /// The start of the agent since which its times count.
    pub epoch: BootEpoch,
    /// The workload.
    pub workload: WorkloadId,
    /// The slot, of a hosting; `None` for the custody of the workload.
    pub slot: Option<Slot>,
}

/// The last assessments of an agent's own.
#[derive(Debug, Default)]
pub(crate) struct Journal(VecDeque<Assessed>);

impl Journal {
    pub(crate) fn add(&mut self, assessed: Assessed) {
        if self.0.len() >= JOURNAL_MAX {
            self.0.pop_front();
        }
        self.0.push_back(assessed);
    }

    /// The last ones, the first first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Assessed> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::{
        AgentKey, ClusterId, Evidence, Observer, PromiseId, Promiser, Time, Version,
    };

    use super::*;

    #[test]
    fn only_so_many_are_remembered_and_the_oldest_is_forgotten() {
        let key = AgentKey::from_seed(&[1; 32]);
        let promiser = Promiser::new(key, ClusterId::from_bytes([1; 32]), BootEpoch(1));
        let observer = Observer::new(&promiser, std::time::Duration::ZERO);
        let promise = PromiseId {
            promiser: promiser.id(),
            version: Version::first(BootEpoch(1)),
        };
        let mut journal = Journal::default();
        for us in 0..JOURNAL_MAX as u64 + 5 {
            let now = Time::from_us(us);
            journal.add(Assessed {
                assessment: observer.assess_lasting(promise, &Evidence::default(), now),
                epoch: BootEpoch(1),
                workload: WorkloadId::from_bytes([1; 16]),
                slot: None,
            });
        }
        let first = journal.iter().next().map(|its| its.assessment.at());
        assert_eq!(first, Some(Time::from_us(5)));
        assert_eq!(journal.iter().count(), JOURNAL_MAX);
    }
}

//! What a keeper makes of runs to completion.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{Mode, Observer, PromiseId, RunKey, Runner, Slot, Tick, Time, WorkloadId};

use super::counted::{PATIENCE, Standing};
use super::tended::Tended;
use super::turn::LEARNS_FOR;
use super::workloads::Tending;
use crate::hosting::Order;
use crate::refused::Fault;
use crate::voice::{Speech, Voice};

/// Who has a run by a hosting that a keeper knows nothing of, and since when it has not known. There is one for each slot
/// at most.
#[derive(Debug, Default)]
pub(super) struct Unseen(BTreeMap<Slot, (Runner, Time)>);

impl Unseen {
    /// Whether whoever has a run is lost: a host that is there would have told of it by now.
    fn is_lost(&mut self, slot: Slot, runner: Runner, now: Time) -> bool {
        let known = self.0.entry(slot).or_insert((runner, now));
        if known.0 != runner {
            *known = (runner, now);
        }
        now.since(known.1) >= LEARNS_FOR
    }
}

impl Tended {
    /// The slots of a job that are done with: nobody hosts them any more.
    pub(super) fn over(&self) -> BTreeSet<Slot> {
        let Mode::Job(retries) = self.wanted.mode else {
            return BTreeSet::new();
        };
        let over = self.runs.iter().filter(|(_, run)| run.is_over(retries));
        over.map(|(key, _)| key.slot).collect()
    }

    /// Whether a slot of a job is done with.
    pub(super) fn is_done(&self, slot: Slot) -> bool {
        let Mode::Job(retries) = self.wanted.mode else {
            return false;
        };
        let tick = Tick::ONLY;
        let run = self.runs.get(&RunKey { tick, slot });
        run.is_some_and(|run| run.is_over(retries))
    }

    /// By which offers something runs that has begun, and has not ended.
    pub(super) fn running(&self) -> impl Iterator<Item = PromiseId> {
        let going_on = self.runs.iter().filter(|(_, run)| run.ended.is_none());
        going_on.map(|(_, run)| run.by.offer)
    }

    /// Who has the run that somebody else would begin, or the one before it.
    fn has_run(&self, key: &RunKey) -> Option<Runner> {
        let run = match self.wanted.mode {
            Mode::Service => None,
            Mode::Job(_) => self.runs.get(key),
            Mode::Schedule(..) => self.runs.latest().map(|(_, run)| run),
        };
        run.filter(|run| run.ended.is_none()).map(|run| run.by)
    }
}

impl Tending {
    /// A host that this keeper counts would begin a run. In whose place, if whoever has it is lost as far as this keeper
    /// knows: its hosting is broken, or taken back, or unknown for so long that a host which is there would have told of it.
    ///
    /// # Errors
    ///
    /// When nothing is counted by its offer.
    pub(crate) fn begins<C: Speech>(
        &mut self,
        now: Time,
        workload: &WorkloadId,
        (key, offer): (&RunKey, &PromiseId),
        voice: &Voice<C, Order>,
    ) -> Result<Option<Runner>, Fault> {
        if !self.counts(workload, offer) {
            return Err(Fault::Gone);
        }
        let Some(tended) = self.tended.get_mut(workload) else {
            return Err(Fault::Gone);
        };
        let by_offer = tended.counted_by(key.slot, &offer.promiser, offer.version);
        by_offer.ok_or(Fault::Mismatch)?;
        let runner = tended.has_run(key).filter(|its| its.offer != *offer);
        let Some(runner) = runner else {
            return Ok(None);
        };
        let observer = Observer::new(voice.promiser(), PATIENCE);
        let standing = {
            let mut counted = tended.counted();
            let counted = counted.find(|its| its.offer.id() == runner.offer);
            counted.map(|its| its.standing(&observer, now))
        };
        let is_lost = match standing {
            Some(standing) => standing == Standing::Bad,
            None => {
                let is_lost = tended.unseen.is_lost(key.slot, runner, now);
                is_lost || self.withdrawn.has(&runner.offer)
            }
        };
        Ok(is_lost.then_some(runner))
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::{AgentId, BootEpoch, Version};

    use super::*;

    #[test]
    fn whoever_is_not_heard_of_is_lost_after_a_while() {
        let runner = |host: u8| Runner {
            offer: PromiseId {
                promiser: AgentId::from_bytes([host; 32]),
                version: Version::first(BootEpoch(1)),
            },
            asked: Version::first(BootEpoch(1)),
        };
        let later = Time::from_us(7).after(LEARNS_FOR);
        let mut unseen = Unseen::default();
        assert!(!unseen.is_lost(Slot(0), runner(1), Time::from_us(7)));
        assert!(!unseen.is_lost(Slot(1), runner(1), later));
        assert!(unseen.is_lost(Slot(0), runner(1), later));
        // Another has it by now, who may be there.
        assert!(!unseen.is_lost(Slot(0), runner(2), later));
    }
}

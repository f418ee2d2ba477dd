//! All that this agent has granted as a keeper.

use std::collections::BTreeMap;

use gary_promise::{AgentId, FencingEpoch, Holder, Time, Version, WorkloadId};

use super::grantor::{Grant, Grantor};
use super::seat::Seat;
use super::terms::Terms;

/// All that this agent has granted as a keeper: of workloads that it keeps by registers, so that there are no more of them
/// than of names. What is deleted is forgotten, since nobody is granted it any more; what others keep by now is not, since
/// this agent may come to keep it again.
#[derive(Debug)]
pub(crate) struct Grants {
    by_workload: BTreeMap<WorkloadId, Grantor>,
    /// By what it was last granted in this start, and of whom: what comes again is not to make a tenure longer.
    last_asked: BTreeMap<WorkloadId, (AgentId, Version)>,
    /// When it started again; `None` for an agent that never ran before.
    restarted_at: Option<Time>,
}

impl Grants {
    pub(crate) const fn new(restarted_at: Option<Time>) -> Self {
        Self {
            by_workload: BTreeMap::new(),
            last_asked: BTreeMap::new(),
            restarted_at,
        }
    }

    /// Takes up what was granted before a start.
    pub(crate) fn resume(&mut self, workload: WorkloadId, grant: Grant, now: Time) {
        let since = self.restarted_at.unwrap_or(now);
        let grantor = Grantor::resume(Terms::OURS, Some(grant), since);
        self.by_workload.insert(workload, grantor);
    }

    /// Whoever hosts a workload asks for a tenure. Says whether it is granted, and what is to be stored before that is said,
    /// if anything is.
    pub(crate) fn ask(
        &mut self,
        now: Time,
        workload: WorkloadId,
        (seat, has_voted): (&Seat, bool),
        asked: (Holder, FencingEpoch),
    ) -> (bool, Option<Grant>) {
        let since = self.restarted_at;
        let grantor = self
            .by_workload
            .entry(workload)
            .or_insert_with(|| match since {
                Some(since) => Grantor::resume(Terms::OURS, None, since),
                None => Grantor::new(Terms::OURS),
            });
        let before = grantor.grant().copied();
        let is_granted = grantor.ask(now, seat, has_voted, asked);
        let after = grantor.grant().copied();
        (is_granted, after.filter(|_| after != before))
    }

    /// A host has asked for it under this stamp, and was granted it.
    pub(crate) fn note_asked(&mut self, workload: WorkloadId, by: AgentId, asked: Version) {
        self.last_asked.insert(workload, (by, asked));
    }

    /// Whether that was granted already, or what the same host has asked later.
    pub(crate) fn is_past(&self, workload: &WorkloadId, by: &AgentId, asked: Version) -> bool {
        let last = self.last_asked.get(workload);
        last.is_some_and(|(whom, last)| whom == by && asked <= *last)
    }

    /// The latest fencing epoch of a workload that was granted.
    pub(crate) fn latest(&self, workload: &WorkloadId) -> Option<FencingEpoch> {
        let grantor = self.by_workload.get(workload)?;
        grantor.grant().map(|its| its.epoch)
    }

    /// Whoever holds a workload does not any more. Says whether it was granted that.
    pub(crate) fn release(
        &mut self,
        workload: &WorkloadId,
        holder: Holder,
        epoch: FencingEpoch,
    ) -> bool {
        let grantor = self.by_workload.get_mut(workload);
        grantor.is_some_and(|its| its.release(holder, epoch))
    }

    /// Forgets what is over. Says which workloads these are, as far as anything was stored of them.
    pub(crate) fn forget(&mut self, is_over: impl Fn(&WorkloadId) -> bool) -> Vec<WorkloadId> {
        let mut over = Vec::new();
        self.by_workload.retain(|workload, grantor| {
            let is_over = is_over(workload);
            if is_over && grantor.grant().is_some() {
                over.push(*workload);
            }
            !is_over
        });
        let kept = &self.by_workload;
        self.last_asked.retain(|its, _| kept.contains_key(its));
        over
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{agent, stamp};
    use super::*;

    #[test]
    fn what_comes_again_or_was_asked_before_is_past() {
        let mut grants = Grants::new(None);
        let [one, other] = [1, 2].map(|number| WorkloadId::from_bytes([number; 16]));
        assert!(!grants.is_past(&one, &agent(1), stamp(5)));
        grants.note_asked(one, agent(1), stamp(5));
        assert!(grants.is_past(&one, &agent(1), stamp(5)));
        assert!(grants.is_past(&one, &agent(1), stamp(4)));
        assert!(!grants.is_past(&one, &agent(1), stamp(6)), "more time");
        // Neither another host nor another workload has to do with it.
        assert!(!grants.is_past(&one, &agent(2), stamp(5)));
        assert!(!grants.is_past(&other, &agent(1), stamp(5)));
    }
}

//! What a host makes of those it depends on: the keepers of what it hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::{
    AgentId, Assessment, Evidence, Observer, PromiseId, Promiser, Time, Value, Word, WorkloadId,
};

/// The custody of the workloads that this agent hosts, each as this agent itself sees it. Other hosts of the
/// same workload may see it otherwise.
///
/// Nothing is done because of it: what is bound goes on without its keeper. It is what `gary why` tells.
#[derive(Debug, Default)]
pub(super) struct Custodies(BTreeMap<(AgentId, WorkloadId), Custody>);

#[derive(Debug)]
struct Custody {
    keep: PromiseId,
    evidence: Evidence,
    /// What was last written down.
    value: Value,
}

/// A judgement that has changed, and of which workload's custody.
pub(super) type News = Vec<(WorkloadId, Assessment)>;

impl Custodies {
    /// It depends on a keeper for a workload from now on, by this promise of the keeper's.
    pub(super) fn begin(
        &mut self,
        now: Time,
        keeper: AgentId,
        workload: WorkloadId,
        keep: PromiseId,
    ) {
        let custody = Custody {
            keep,
            evidence: Evidence::heard(Word::Renewal, keep.version, now),
            value: Value::Kept,
        };
        let known = self.0.entry((keeper, workload));
        let its = known.or_insert(custody);
        // A revised promise takes the place of the earlier one.
        if its.keep != keep {
            its.keep = keep;
            its.evidence = its
                .evidence
                .join(Evidence::heard(Word::Renewal, keep.version, now));
        }
    }

    /// It hosts nothing more of the workload for that keeper.
    pub(super) fn end(&mut self, keeper: AgentId, workload: WorkloadId) {
        self.0.remove(&(keeper, workload));
    }

    /// The keeper's sheet says which workloads it keeps.
    pub(super) fn shown(
        &mut self,
        now: Time,
        keeper: AgentId,
        keeps: impl Fn(&WorkloadId) -> bool,
        me: &Promiser,
    ) -> News {
        let gone: BTreeSet<WorkloadId> = self
            .of(keeper)
            .filter(|workload| !keeps(workload))
            .collect();
        let news = self.learn(now, keeper, Evidence::withdrawn(now), me, |its| {
            gone.contains(its)
        });
        for workload in gone {
            self.end(keeper, workload);
        }
        news
    }

    /// The keeper can be reached, or not any more.
    pub(super) fn seen(&mut self, now: Time, keeper: AgentId, is_up: bool, me: &Promiser) -> News {
        let evidence = if is_up {
            Evidence::found(now)
        } else {
            Evidence::lost(now)
        };
        self.learn(now, keeper, evidence, me, |_| true)
    }

    /// The workloads for which it depends on a keeper.
    fn of(&self, keeper: AgentId) -> impl Iterator<Item = WorkloadId> {
        let first = (keeper, WorkloadId::from_bytes([0; 16]));
        let last = (keeper, WorkloadId::from_bytes([0xff; 16]));
        self.0
            .range(first..=last)
            .map(|((_, workload), _)| *workload)
    }

    fn learn(
        &mut self,
        now: Time,
        keeper: AgentId,
        evidence: Evidence,
        me: &Promiser,
        which: impl Fn(&WorkloadId) -> bool,
    ) -> News {
        let observer = Observer::new(me, Duration::MAX);
        let first = (keeper, WorkloadId::from_bytes([0; 16]));
        let last = (keeper, WorkloadId::from_bytes([0xff; 16]));
        let mut news = News::new();
        for ((_, workload), its) in self.0.range_mut(first..=last) {
            if !which(workload) {
                continue;
            }
            its.evidence = its.evidence.join(evidence);
            let assessment = observer.assess_lasting(its.keep, &its.evidence, now);
            let value = assessment.judgement().value();
            if value != its.value {
                its.value = value;
                news.push((*workload, assessment));
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::{AgentKey, BootEpoch, Broken, ClusterId, Judgement, Unknown, Version};

    use super::*;

    fn at(s: u64) -> Time {
        Time::from_us(s * 1_000_000)
    }

    #[test]
    fn a_lost_keeper_is_unknown_kept_again_when_it_is_back_and_broken_only_by_its_own_word() {
        let me = Promiser::new(
            AgentKey::from_seed(&[1; 32]),
            ClusterId::from_bytes([1; 32]),
            BootEpoch(1),
        );
        let keeper = AgentId::from_bytes([2; 32]);
        let workload = WorkloadId::from_bytes([3; 16]);
        let keep = PromiseId {
            promiser: keeper,
            version: Version::first(BootEpoch(1)),
        };
        let mut custodies = Custodies::default();
        custodies.begin(at(1), keeper, workload, keep);
        let judged = |news: News| -> Vec<Judgement> {
            news.into_iter().map(|(_, its)| its.judgement()).collect()
        };
        let lost = judged(custodies.seen(at(2), keeper, false, &me));
        assert_eq!(lost, [Judgement::Unknown(Unknown::Lost { at: at(2) })]);
        assert_eq!(judged(custodies.seen(at(3), keeper, false, &me)), []);
        let back = judged(custodies.seen(at(4), keeper, true, &me));
        assert!(matches!(back[..], [Judgement::Kept(_)]), "{back:?}");

        assert_eq!(judged(custodies.shown(at(5), keeper, |_| true, &me)), []);
        let gone = judged(custodies.shown(at(6), keeper, |_| false, &me));
        assert_eq!(gone, [Judgement::Broken(Broken::Withdrawn { at: at(6) })]);
        assert!(custodies.0.is_empty());
    }
}

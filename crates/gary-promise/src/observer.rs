//! The one who assesses.

use std::time::Duration;

use crate::{
    AgentId, Assessment, Evidence, Promise, PromiseId, Promiser, Requirement, Time, Verified,
};

/// An agent that assesses the promises it depends on, by its own patience.
///
/// Made from a [`Promiser`] only, so that nobody assesses in another's name.
#[derive(Debug, Clone, Copy)]
pub struct Observer {
    id: AgentId,
    patience: Duration,
}

/// A promise is made under a condition that is not met: there is nothing to assess, and nobody to
/// blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The promise.
    pub promise: PromiseId,
    /// What is not met: the next link of a chain of causes.
    pub unmet: Vec<Requirement>,
}

impl Observer {
    /// The agent itself, which takes a promiser with a lease for silent after `patience`. With a
    /// patience longer than any lease, promises expire without having been unknown.
    pub fn new(promiser: &Promiser, patience: Duration) -> Self {
        Self {
            id: promiser.id(),
            patience,
        }
    }

    /// Assesses a promise by the evidence that this observer has of it, with the lease that the
    /// promise has. The observer knows what `is_met` of its condition.
    ///
    /// # Errors
    ///
    /// One that is pending cannot be assessed, whatever the evidence.
    pub fn assess(
        &self,
        promise: &Verified<Promise>,
        evidence: &Evidence,
        is_met: impl Fn(&Requirement) -> bool,
        now: Time,
    ) -> Result<Assessment, Pending> {
        let unmet = promise.condition().unmet(is_met);
        if !unmet.is_empty() {
            return Err(Pending {
                promise: promise.id(),
                unmet: unmet.into_iter().cloned().collect(),
            });
        }
        let judgement = evidence.judge(promise.lease(), self.patience, now);
        Ok(Assessment::new(self.id, promise.id(), judgement, now))
    }

    /// Assesses a promise that has neither lease nor condition, as a `+keep` has none, and of which the
    /// observer has remembered no more than which it is.
    pub fn assess_lasting(&self, promise: PromiseId, evidence: &Evidence, now: Time) -> Assessment {
        let judgement = evidence.judge(None, self.patience, now);
        Assessment::new(self.id, promise, judgement, now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Body, Broken, Condition, Judgement, Kept, Portion, Unknown, Word, WorkloadId,
        amount::BoundedSet,
        testing::{Agent, body, offer},
    };

    const PATIENCE: Duration = Duration::from_secs(5);

    fn hosting(agent: &mut Agent) -> crate::Own<Promise> {
        let portion = Portion::new(1, 1).expect("something of both");
        let keeper = Agent::new(9).id();
        agent.promise(Body::Host(offer(
            keeper,
            WorkloadId::from_bytes([1; 16]),
            portion,
        )))
    }

    #[test]
    fn two_observers_may_judge_otherwise_and_both_stand() {
        let promise = hosting(&mut Agent::new(1));
        let [near, far] =
            [2, 3].map(|number| Observer::new(&Agent::new(number).promiser, PATIENCE));
        let at = |s: u64| Time::from_us(s * 1_000_000);
        let version = promise.version();
        let heard_late = Evidence::heard(Word::Renewal, version, at(18));
        let heard_early = Evidence::heard(Word::Renewal, version, at(2));

        let judged = |observer: &Observer, evidence: &Evidence| {
            let assessment = observer.assess(&promise, evidence, |_| true, at(20));
            assessment.expect("it has no condition")
        };
        let kept = judged(&near, &heard_late);
        let broken = judged(&far, &heard_early);
        assert_eq!(kept.observer(), Agent::new(2).id());
        assert_eq!(
            kept.judgement(),
            Judgement::Kept(Kept::Renewed { at: at(18) })
        );
        assert_eq!(broken.observer(), Agent::new(3).id());
        assert_eq!(
            broken.judgement(),
            Judgement::Broken(Broken::Expired { at: at(12) })
        );
        assert_eq!((broken.promise(), broken.at()), (promise.id(), at(20)));
    }

    #[test]
    fn the_lease_is_that_of_the_promise() {
        let mut agent = Agent::new(1);
        let (leased, standing) = (hosting(&mut agent), agent.promise(body(1)));
        let observer = Observer::new(&Agent::new(2).promiser, PATIENCE);
        let now = Time::from_us(60_000_000);
        let judged = |promise: &Verified<Promise>| {
            let evidence = Evidence::heard(Word::Renewal, promise.version(), Time::from_us(0));
            let assessment = observer.assess(promise, &evidence, |_| true, now);
            assessment.expect("it has no condition").judgement()
        };
        assert!(matches!(
            judged(&leased),
            Judgement::Broken(Broken::Expired { .. })
        ));
        assert!(matches!(judged(&standing), Judgement::Kept(_)));
    }

    proptest! {
        #[test]
        fn what_is_pending_is_never_assessed(
            required in prop::collection::btree_set(0..4_u8, 0..4),
            met in prop::collection::btree_set(0..4_u8, 0..4),
            heard in any::<bool>(),
        ) {
            let requirement = |number: u8| {
                Requirement::Bound(format!("a:b/c{number}").parse().expect("an interface"))
            };
            let requirements = BoundedSet::new(required.iter().map(|n| requirement(*n)));
            let condition = Condition { requirements: requirements.expect("few") };
            let mut agent = Agent::new(1);
            let promise = agent.promise_if(body(1), condition);
            let observer = Observer::new(&Agent::new(2).promiser, PATIENCE);
            let at = Time::from_us(1);
            let evidence = match heard {
                true => Evidence::heard(Word::Renewal, promise.version(), at),
                false => Evidence::withdrawn(at),
            };
            let is_met = |its: &Requirement| met.iter().any(|n| requirement(*n) == *its);

            let unmet: Vec<Requirement> =
                required.difference(&met).map(|n| requirement(*n)).collect();
            match observer.assess(&promise, &evidence, is_met, at) {
                Err(pending) => {
                    prop_assert!(!unmet.is_empty());
                    prop_assert_eq!(pending, Pending { promise: promise.id(), unmet });
                }
                Ok(assessment) => {
                    prop_assert!(unmet.is_empty());
                    let is_unknown =
                        matches!(assessment.judgement(), Judgement::Unknown(Unknown::Unheard));
                    prop_assert!(!is_unknown);
                }
            }
        }
    }
}

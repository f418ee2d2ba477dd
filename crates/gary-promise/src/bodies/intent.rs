//! What an owner wants to use: the intent of a deploy.

use super::{Lineage, Mode, Needs, Pace, Spec, Spread, Submitters};
use crate::{AgentId, ComponentDigest, RUNS_MAX, Routes, Valency, WorkloadName};

/// The constraint of `-use`: an owner uses hostings of a component. The intent of a deploy.
///
/// Nobody else's behaviour is in it: it says what is used if it is offered, and makes nobody offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Whether it founds a workload, or which one it updates.
    pub lineage: Lineage,
    /// What the owner calls it.
    pub name: WorkloadName,
    /// What is to be hosted.
    pub component: ComponentDigest,
    /// How many hostings are used at once. None deletes the workload.
    pub valency: Valency,
    /// Whether none is used for now, however many are otherwise. It is kept all the same.
    pub is_stopped: bool,
    /// Whether at most one host runs it at any time, whatever becomes of the network: by a tenure that a majority of its
    /// keepers grants. Such an intent uses one hosting at most.
    pub exclusive: bool,
    /// Whether it runs on and on, once to completion, or by schedule.
    pub mode: Mode,
    /// What each hosting needs.
    pub needs: Needs,
    /// Over what hostings should be spread.
    pub spread: Spread,
    /// The host names under which it wants to be reached.
    pub routes: Routes,
    /// Who may update it besides its owner.
    pub updaters: Submitters,
    /// How a host is to run it.
    pub spec: Spec,
    /// How it takes the place of the generation before it.
    pub pace: Pace,
}

/// An intent contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UseError {
    /// It is exclusive, and for more than one hosting.
    #[error("at most one node runs what is exclusive, and this is for {valency} replicas")]
    ExclusiveTwice {
        /// How many it is for.
        valency: Valency,
    },
    /// It runs to completion, and is exclusive besides.
    #[error(
        "a job or a schedule cannot be exclusive: each of its runs is claimed by one node anyway"
    )]
    ExclusiveRun,
    /// It is a job of more replicas than results are kept of.
    #[error("a job has at most {RUNS_MAX} replicas, and this is for {valency}")]
    TooManyRuns {
        /// How many it is for.
        valency: Valency,
    },
    /// It runs by schedule, and more than once at each tick.
    #[error("a schedule runs once at each tick, and this is for {valency} replicas")]
    ScheduledTwice {
        /// How many it is for.
        valency: Valency,
    },
}

impl Use {
    /// How many hostings are used at once now: none while it is stopped.
    pub const fn used(&self) -> Valency {
        match self.is_stopped {
            true => Valency::NONE,
            false => self.valency,
        }
    }

    /// In what it contradicts itself, if it does.
    ///
    /// # Errors
    ///
    /// The first thing that does not go together.
    pub const fn check(&self) -> Result<(), UseError> {
        let valency = self.valency;
        match (self.mode, valency.get()) {
            (Mode::Service, 2..) if self.exclusive => Err(UseError::ExclusiveTwice { valency }),
            (Mode::Job(_) | Mode::Schedule(..), _) if self.exclusive => Err(UseError::ExclusiveRun),
            (Mode::Job(_), count) if count as usize > RUNS_MAX => {
                Err(UseError::TooManyRuns { valency })
            }
            (Mode::Schedule(..), 2..) => Err(UseError::ScheduledTwice { valency }),
            _ => Ok(()),
        }
    }

    /// Whether `by` may update it, whose owner is `owner`. Whether it is a client that may do more than read, the
    /// caller knows.
    pub fn lets_update(&self, owner: AgentId, by: AgentId) -> bool {
        by == owner || self.updaters.include(by, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::intent;
    use crate::{Portion, Retries, Schedule, Tick};

    fn wanted(valency: u32, exclusive: bool, mode: Mode) -> Use {
        let portion = Portion::new(1, 1).expect("something of both");
        Use {
            exclusive,
            mode,
            ..intent(valency, portion)
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let retries = Retries::default();
        let schedule = Mode::Schedule(
            Schedule::new(1_000, 0, Tick(0)).expect("long enough"),
            retries,
        );
        let (job, most) = (Mode::Job(retries), RUNS_MAX as u32);
        for fine in [
            wanted(1_000, false, Mode::Service),
            wanted(1, true, Mode::Service),
            wanted(most, false, job),
            wanted(0, false, schedule),
            wanted(1, false, schedule),
        ] {
            assert_eq!(fine.check(), Ok(()));
        }
        for (contrary, why) in [
            (wanted(2, true, Mode::Service), "at most one node"),
            (wanted(1, true, job), "cannot be exclusive"),
            (wanted(1, true, schedule), "cannot be exclusive"),
            (wanted(most + 1, false, job), "at most 64 replicas"),
            (wanted(2, false, schedule), "once at each tick"),
        ] {
            let error = contrary.check().expect_err(why);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}

//! How a workload runs: on and on, once to completion, or by schedule.

use crate::Schedule;

/// The most times that an owner lets a run that has failed be tried again.
pub const RETRIES_MAX: u32 = 100;

/// How a workload runs. It is one of these from its first generation on: an update that would change it is refused.
///
/// The words are the field's: a service, a job and a schedule are what Kubernetes calls a Deployment, a Job and a CronJob.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// On and on. What ends is started again.
    #[default]
    Service,
    /// Each replica once, to completion.
    Job(Retries),
    /// To completion at each tick of a schedule.
    Schedule(Schedule, Retries),
}

/// How often a run that has failed is tried again; at most [`RETRIES_MAX`] times. One whose host was lost has not failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Retries(u32);

/// So often nothing is tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given} retries are more than {RETRIES_MAX}")]
pub struct RetriesError {
    /// The number.
    pub given: u32,
}

impl Mode {
    /// How often a run of it is tried again; `None` for what runs on and on.
    pub const fn retries(&self) -> Option<Retries> {
        match self {
            Self::Service => None,
            Self::Job(retries) | Self::Schedule(_, retries) => Some(*retries),
        }
    }

    /// Whether what it runs comes to an end by itself.
    pub const fn completes(&self) -> bool {
        self.retries().is_some()
    }

    /// Whether another is the same but for how often it is tried again and at which ticks.
    pub const fn is_like(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Service, Self::Service)
                | (Self::Job(_), Self::Job(_))
                | (Self::Schedule(..), Self::Schedule(..))
        )
    }
}

impl Retries {
    /// So many.
    ///
    /// # Errors
    ///
    /// More than [`RETRIES_MAX`] are refused.
    pub const fn new(count: u32) -> Result<Self, RetriesError> {
        if count > RETRIES_MAX {
            return Err(RetriesError { given: count });
        }
        Ok(Self(count))
    }

    /// How many.
    pub const fn get(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tick;

    #[test]
    fn too_many_retries_are_refused() {
        assert_eq!(Retries::new(RETRIES_MAX).map(Retries::get), Ok(RETRIES_MAX));
        let error = Retries::new(RETRIES_MAX + 1).expect_err("one too many");
        assert_eq!(error.to_string(), "101 retries are more than 100");
    }

    #[test]
    fn what_it_is_stays_and_how_often_and_when_may_change() {
        let (few, many) = (Retries::default(), Retries::new(9).expect("few enough"));
        let schedule =
            |ms| Mode::Schedule(Schedule::new(ms, 0, Tick(0)).expect("long enough"), few);
        assert!(Mode::Job(few).is_like(&Mode::Job(many)));
        assert!(schedule(1_000).is_like(&schedule(2_000)));
        assert!(!Mode::Job(few).is_like(&schedule(1_000)));
        assert!(!Mode::Service.is_like(&Mode::Job(few)));
        assert!(Mode::Job(few).completes() && !Mode::Service.completes());
    }
}

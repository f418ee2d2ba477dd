//! A program that is linked with what its workload is granted, and what is told once a guest of it
//! has ended.

use std::sync::Arc;
use std::time::Duration;

use gary_host::{Failure, Program, Replica, Stdio};

use crate::denied::Denials;
use crate::grants;
use crate::problem::Problem;
use crate::report::Reporter;
use crate::target::Target;

/// What runs a workload's guests.
pub(crate) struct Linked {
    pub(crate) replica: Replica,
    denials: Arc<Denials>,
    /// How long the program took to compile, where it was not in the cache.
    compiled_in: Option<Duration>,
}

impl Linked {
    pub(crate) fn new(
        target: &Target,
        program: &Program,
        stdio: Stdio,
        reporter: &Arc<Reporter>,
    ) -> Result<Self, Problem> {
        let denials = Denials::of(&target.workload, reporter);
        let spec = grants::spec(target, stdio, reporter, &denials)?;
        let replica = Replica::new(program, spec)
            .map_err(|error| crate::inspect::cannot_link(target, &error))?;
        Ok(Self {
            replica,
            denials,
            compiled_in: program.compiled_in(),
        })
    }

    /// Tells what there is to tell of a guest that has ended, but for the failure itself.
    pub(crate) fn tell_end<T>(
        &self,
        ended: &Result<T, Failure>,
        is_good: impl FnOnce(&T) -> bool,
        reporter: &Reporter,
    ) {
        if let Err(Failure::TimedOut(_)) = ended {
            // It may be stuck in a write to stderr, and whoever writes there next would be too.
            reporter.detach();
        }
        if !ended.as_ref().is_ok_and(is_good) {
            self.denials.at_a_bad_end(&self.replica);
        }
        self.tell_usage(reporter);
    }

    /// Tells what the guests have used.
    pub(crate) fn tell_usage(&self, reporter: &Reporter) {
        reporter.usage(self.replica.usage(), self.compiled_in);
    }
}

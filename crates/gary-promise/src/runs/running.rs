//! What the host of something that runs to completion and one of its keepers say to one another.

use super::completion::Completion;
use super::run::{Run, RunKey};
use crate::{Generation, Version, WorkloadId};

/// What the host of something that runs to completion says to one of its keepers, or that to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The workload.
    pub workload: WorkloadId,
    /// Its generation: the one that is hosted.
    pub generation: Generation,
    /// The host's offer, by which it hosts.
    pub offer: Version,
    /// By what the host has asked for the run.
    pub asked: Version,
    /// Which run.
    pub key: RunKey,
    /// What is said of it.
    pub word: RunWord,
}

/// What is said of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunWord {
    /// The host would start it.
    Claims,
    /// The host has run it, and it has ended.
    Ends(Completion),
    /// What a majority of keepers has of it, or, where that is of a schedule, of the latest tick. The host starts what it
    /// has claimed only where that shows that it is its own.
    Stands(RunKey, Run),
    /// How it ended is kept by a majority of keepers, or does not matter any more. What they have of it; `None` where they
    /// have nothing, since the workload is at another generation.
    Kept(Option<(RunKey, Run)>),
}

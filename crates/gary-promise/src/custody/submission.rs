//! What is submitted to a keeper, and what becomes of it.

use super::{CommitSequence, Configuration, Consultation, Entry};
use crate::{Generation, Promise, PromiseId, Signed, WorkloadId, WorkloadName};

/// What one keeper of a name says to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consults {
    /// The name.
    pub name: WorkloadName,
    /// How far the sender's store is by what it says.
    pub sequence: CommitSequence,
    /// What it says of its register.
    pub what: Consultation<Entry>,
}

/// Whoever took an intent from a person passes it on to one of those who keep its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The intent, as its owner signed it.
    pub intent: Signed<Promise>,
}

/// What has become of an intent that was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The intent.
    pub intent: PromiseId,
    /// What has become of it.
    pub verdict: Verdict,
}

/// What has become of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A majority of these has it on disk.
    Committed(Configuration),
    /// The workload is at this generation by now, and not by this intent.
    Conflict(Generation),
    /// The name is another workload's.
    NameTaken(WorkloadId),
    /// Nothing is kept that it updates.
    NotKept,
    /// Whoever signed it may not update the workload.
    NotAllowed,
    /// It would make exclusive what was not, or the other way round: what runs already would not count.
    Exclusivity,
    /// It would make a service, a job or a schedule of what was another of these.
    Mode,
    /// Others keep the name, as far as is known: these.
    Elsewhere(Configuration),
    /// No majority has answered in time. It may come to be kept yet, or not.
    Unsettled,
}

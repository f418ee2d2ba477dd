//! What guests write: bounded on disk, by replica, and followed by whoever wants to.

mod archive;
mod files;
mod reading;
mod scribe;

pub(crate) use archive::Logs;
pub(crate) use reading::{Wanted, read};
pub(crate) use scribe::Scribe;

use gary_promise::{Slot, WorkloadId};

/// One replica of a workload, whose output is kept together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReplicaKey {
    pub(crate) workload: WorkloadId,
    pub(crate) slot: Slot,
}

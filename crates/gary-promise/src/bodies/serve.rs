//! What a hosting answers.

use crate::{Interfaces, Lease, Slot, WorkloadId};

/// The constraint of `+serve`: the promiser answers calls to a slot of a workload that it hosts.
///
/// Commonly under the condition that what the component imports is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serve {
    /// The workload.
    pub workload: WorkloadId,
    /// The slot that it hosts.
    pub slot: Slot,
    /// What can be called: exports of the component.
    pub exports: Interfaces,
    /// How long it stands without being renewed.
    pub lease: Lease,
}

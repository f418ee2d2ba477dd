//! Which workload an agent has in its custody.

use crate::{Routes, WorkloadId, WorkloadName};

/// The constraint of `+keep`: the promiser has this workload in its custody.
///
/// It is all that agents outside the workload learn of it. Each keeper promises it for itself, so that
/// who keeps a workload is seen from the promises and said by nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// The workload.
    pub workload: WorkloadId,
    /// What people call it.
    pub name: WorkloadName,
    /// The host names under which it is reached.
    pub routes: Routes,
}

//! Which component an agent can give away.

use crate::{ComponentDigest, WorkloadId};

/// The constraint of `+have`: the promiser gives a component's bytes to whoever of its workload asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Have {
    /// The workload it is a component of. What a workload is made of is told to its own only.
    pub workload: WorkloadId,
    /// The component.
    pub component: ComponentDigest,
}

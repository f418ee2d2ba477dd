//! Who knows of a promise.

use crate::{ComponentDigest, WorkloadId};

/// Who knows of a promise.
///
/// It follows from the body, so that nobody tells of a workload's details by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every agent of the cluster.
    Everyone,
    /// The keepers, hosts and users of one workload.
    Workload(WorkloadId),
    /// Whoever asks for this component by its digest, which those know whose workload is made of it.
    Component(ComponentDigest),
}

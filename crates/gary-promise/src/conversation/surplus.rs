//! Two hostings for one slot.

use crate::{Generation, PromiseId, Slot, WorkloadId};

/// The sender, a keeper, holds another agent's fresh renewal for a slot that the receiver hosts too.
///
/// It informs. The receiver withdraws by the word of the keeper that its own offer was made to, and by nobody
/// else's, so that two hosts never withdraw for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surplus {
    /// The workload.
    pub workload: WorkloadId,
    /// The generation that both host.
    pub generation: Generation,
    /// The slot that both host.
    pub slot: Slot,
    /// The receiver's own offer.
    pub yours: PromiseId,
    /// The offer that is counted.
    pub winner: PromiseId,
}

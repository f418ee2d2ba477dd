//! Which offer a keeper counts.

use crate::{PromiseId, WorkloadId};

/// The constraint of `-host`: the promiser, a keeper, counts an offer against an intent.
///
/// The owner's own half is its intent, which asks for hostings of a kind; this one picks the offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accept {
    /// The workload of both.
    pub workload: WorkloadId,
    /// The intent, a `-use`.
    pub intent: PromiseId,
    /// The offer, a `+host` that was made to the promiser.
    pub offer: PromiseId,
}

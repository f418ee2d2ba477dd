//! One hosting that an agent offers.

use crate::{AgentId, BootEpoch, Generation, Lease, Portion, Slot, WorkloadId};

/// The constraint of `+host`: the promiser hosts one slot of a workload, if that is accepted.
///
/// Until then it is an offer, and one that is not accepted lapses with its lease. What it offers, the
/// promiser has set aside in its own ledger before it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The agent the offer is made to: the keeper who invited it, and the only one who can accept.
    pub promisee: AgentId,
    /// The start of the promisee in whose life it asked. What was offered in an earlier life may have been taken back
    /// since, and the promisee does not remember.
    pub asked_in: BootEpoch,
    /// The workload.
    pub workload: WorkloadId,
    /// The generation of its intent.
    pub generation: Generation,
    /// The slot.
    pub slot: Slot,
    /// What it gets. The give half of what a binding enforces.
    pub portion: Portion,
    /// How much the promiser wants it.
    pub bid: Bid,
    /// How many other slots of the workload the promiser hosts or offers to host. Of two who share a slot in the end, the
    /// one with fewer goes on.
    pub besides: u32,
    /// How long it stands without being renewed.
    pub lease: Lease,
}

/// How much an agent wants to host something, in its own measure. Of offers that are equal otherwise,
/// the greater is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bid(pub u32);

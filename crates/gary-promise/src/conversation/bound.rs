//! What keepers of one workload learn of hostings that one of them has bound.

use super::renewal::Offers;
use crate::{BootEpoch, Promise, Signed, Version, amount::BoundedSet};

/// The most hostings that one inquiry asks after. The next one asks after the others.
pub const INQUIRED_MAX: usize = 64;

/// The sender hosts something that the receiver has asked after, for a workload that the receiver keeps and by the acceptance of another of its keepers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Its offer.
    pub offer: Signed<Promise>,
    /// The acceptance of it.
    pub acceptance: Signed<Promise>,
}

/// The sender does not know of these hostings that the receiver has renewed, and asks to be told of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// The start in whose life the sender asks.
    pub epoch: BootEpoch,
    /// The offers, promises of the receiver's.
    pub offers: BoundedSet<Version, INQUIRED_MAX>,
}

/// The sender does not keep any more what the receiver hosts by these offers: others do, and count it. It asks for nothing
/// to end, and need not be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// When it said so.
    pub version: Version,
    /// The offers, promises of the receiver's.
    pub offers: Offers,
}

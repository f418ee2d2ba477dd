//! Not offering, and not accepting.

use std::fmt;

use crate::{
    BootEpoch, Generation, INVITED_SLOTS_MAX, Misfit, PromiseId, Resources, Slot, Version,
    WorkloadId, amount::BoundedSet,
};

/// The sender does not offer to host slots that it was invited for. It owes nobody a reason and gives
/// one, so that "why is it not placed" has an answer for each node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The intent it was invited for.
    pub intent: PromiseId,
    /// The workload.
    pub workload: WorkloadId,
    /// The slots.
    pub slots: BoundedSet<Slot, INVITED_SLOTS_MAX>,
    /// Why.
    pub why: Why,
}

/// Why an agent does not offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It considers no submissions of that owner.
    NotConsidered,
    /// Its machine is not what the workload needs.
    Misfit(Misfit),
    /// It has promised too much else.
    NoRoom {
        /// What one hosting takes.
        needed: Resources,
        /// What is left in its ledger.
        left: Resources,
    },
    /// It knows of a later generation.
    Superseded {
        /// The one it knows.
        by: Generation,
    },
    /// It hosts or offers the slot already.
    Hosting,
    /// It has as much under way as it takes on at once, or has room soon: something stops.
    Busy,
    /// It does not want to.
    Declined,
}

/// The sender will not accept these offers of the receiver's, whose room is free again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dismissal {
    /// The start in whose life the sender says so. What it said in an earlier one it does not remember.
    pub epoch: BootEpoch,
    /// The offers, promises of the receiver's.
    pub offers: BoundedSet<Version, INVITED_SLOTS_MAX>,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConsidered => f.write_str("it considers no submissions of this owner"),
            Self::Misfit(misfit) => misfit.fmt(f),
            Self::NoRoom { needed, left } => write!(f, "{left} left, {needed} asked"),
            Self::Superseded { by } => write!(f, "it knows of generation {by}"),
            Self::Hosting => f.write_str("it hosts the slot already"),
            Self::Busy => f.write_str("it has as much under way as it takes on at once"),
            Self::Declined => f.write_str("it declines"),
        }
    }
}

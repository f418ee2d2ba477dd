//! Renewing what is promised, for all of it at once.

use crate::Version;

/// The sender renews all that it has promised to the receiver under a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    /// When it said so. What it promised later is not meant.
    pub version: Version,
    /// How many promises it means.
    pub count: u32,
    /// The exclusive or of [`PromiseId::mark`](crate::PromiseId::mark) over the promises that it means.
    /// A receiver that comes to something else knows of others, and recalls.
    pub marks: u64,
}

/// Asks for all records between the two: the receiver tells its promises to the sender again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recall {
    /// Of what the sender of this holds, the exclusive or of the marks. Where the receiver comes to the
    /// same by now, the two have met in between and nothing needs to be told.
    pub marks: u64,
}

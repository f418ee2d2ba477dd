//! Renewing what is promised, for all of it at once.

use crate::{Notice, Version, amount::BoundedSet};

/// The most hostings that one agent promises to another. To an invitation for more it answers that it is busy. Of no more
/// than as many it tells a keeper that are bound by others.
pub const RENEWED_MAX: usize = 1024;

/// Offers of one agent, by their versions.
pub type Offers = BoundedSet<Version, RENEWED_MAX>;

/// The most hostings that one renewal says do not run: all that are bound to its receiver, and all that it is told of.
pub const IDLE_MAX: usize = 2 * RENEWED_MAX;

/// The sender renews all the hostings that it has promised to the receiver, and to other keepers of what
/// the receiver keeps, under their leases.
///
/// It names them, so that each of the two finds out what the other has missed: an offer that is not named
/// and older than the renewal does not stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// When it said so. What it promised later is not meant.
    pub version: Version,
    /// Offers whose acceptance it has not heard of.
    pub offered: Offers,
    /// Offers that are bound by an acceptance of the receiver's.
    pub bound: Offers,
    /// Offers that are bound by other keepers of workloads which the receiver keeps too.
    pub by_others: Offers,
    /// Those of the bound ones that do not run now, or not yet for long enough to tell, where something waits for that: they
    /// are of a later generation than the first, or were invited for in the place of who leaves. What they are to take the
    /// place of stays until they do.
    pub idle: BoundedSet<Version, IDLE_MAX>,
    /// How soon the sender takes all of it back, since it hosts no more then; `None` as long as it has no such thing in mind.
    /// Whoever counts a hosting has until then to find another host.
    pub ends_within: Option<Notice>,
}

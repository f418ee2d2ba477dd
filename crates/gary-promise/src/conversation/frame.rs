//! What one agent says to another at once.

use super::{
    Absence, Batch, Bound, Denial, Digest, Dismissal, Fetch, Handover, Hint, Inquiry, Invitation,
    Listing, Refusal, Renewal, SheetPart,
};
use crate::custody::{Consults, Recall, Settlement, Submission};
use crate::runs::Running;
use crate::tenure::Tenancy;

/// What one agent says to another at once.
///
/// No frame speaks for anybody but its sender, and none makes its receiver do anything: it informs, asks
/// or invites, and what comes of it the receiver decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// An agent's sheet has changed.
    Hint(Hint),
    /// Asks for an agent's sheet.
    Fetch(Fetch),
    /// A sheet, or a part of it.
    Sheet(SheetPart),
    /// What the sender knows of sheets, in brief.
    Digest(Digest),
    /// Which sheets the sender knows.
    Listing(Listing),
    /// Records that concern the receiver, unasked.
    Told(Batch),
    /// Asks whether the receiver would host.
    Invitation(Invitation),
    /// It would not.
    Refusal(Refusal),
    /// Offers that will not be accepted.
    Dismissal(Dismissal),
    /// The sender renews what it has promised to the receiver. One for all of it.
    Renewal(Renewal),
    /// The sender goes away for a while, by plan.
    Absence(Absence),
    /// The sender does not keep one of its promises now.
    Denial(Denial),
    /// The sender hosts something by the acceptance of a fellow keeper of the receiver's.
    Bound(Box<Bound>),
    /// Asks after hostings of the receiver's.
    Inquiry(Inquiry),
    /// The sender does not keep any more what the receiver hosts: others do.
    Handover(Handover),
    /// What keepers of one name say to one another.
    Consults(Box<Consults>),
    /// What two of them remember of each other's stores.
    Recall(Recall),
    /// An intent that somebody submitted is passed on to a keeper of its name.
    Submission(Box<Submission>),
    /// What has become of an intent that was passed on.
    Settlement(Box<Settlement>),
    /// What hosts of an exclusive workload and its keepers say to one another.
    Tenancy(Box<Tenancy>),
    /// What hosts of what runs to completion and its keepers say to one another.
    Running(Box<Running>),
}

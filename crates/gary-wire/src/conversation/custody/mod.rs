//! What keepers of a name say to one another, and what becomes of what is submitted to them, as it is on the wire.

mod answered;
mod asked;
mod ballot;
mod configuration;
mod consults;
mod entry;
mod learned;
mod recall;
mod settlement;
mod submission;
mod vote;

pub(crate) use ballot::Ballot;
pub(crate) use configuration::Configuration;
pub(super) use configuration::{Era, epoch};
pub(super) use consults::Consults;
pub(super) use recall::Recall;
pub(crate) use settlement::Settlement;
pub(super) use submission::Submission;
pub(crate) use vote::Vote;

//! How keepers come to agree on what they keep, without a leader: the words of a register.

mod answered;
mod asked;
mod ballot;
mod configuration;
mod consultation;
mod entry;
mod era;
mod recall;
mod submission;
mod vote;

pub use answered::{Answer, Answered};
pub use asked::{Asked, Question};
pub use ballot::Ballot;
pub use configuration::{Configuration, ConfigurationEpoch, ConfigurationError, KEEPERS_MAX};
pub use consultation::{Consultation, Learned};
pub use entry::{EARLIER_MAX, Earlier, Entry};
pub use era::Era;
pub use recall::{CommitSequence, Recall};
pub use submission::{Consults, Settlement, Submission, Verdict};
pub use vote::{Entrusted, Vote};

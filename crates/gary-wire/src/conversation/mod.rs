//! Frames as they are on the wire: one message for each kind, and one around them that says which.

mod absence;
mod bound;
mod branch;
mod custody;
mod denial;
mod digest;
mod dismissal;
mod fetch;
mod frame;
mod handover;
mod hint;
mod inquiry;
mod invitation;
mod listing;
mod misfit;
mod refusal;
mod renewal;
mod run;
mod running;
mod runs;
mod sheet_part;
mod slots;
mod tenancy;
mod told;
mod why;

pub(crate) use custody::{Ballot, Configuration, Settlement, Vote};
pub use frame::FRAME_BYTES_MAX;
#[cfg(test)]
pub(crate) use frame::Frame;
pub(crate) use hint::Hint;
pub(crate) use run::Completion;

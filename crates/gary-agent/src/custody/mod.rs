//! What this agent has in its custody with others: the register of each name, and the intents that are to be kept there.
//!
//! An intent comes from a person by way of any node, which passes it on to one of the keepers of its name if it is none
//! itself. Whoever has it tries to have it voted for, and tells the node what has become of it; that tells its person.

mod acquaintance;
mod kept;
mod machine;
mod passing;
mod proposed;
mod wanted;

pub(crate) use kept::Intent;
pub use machine::{
    ASKS_AGAIN_AFTER, NAMES_MAX, OUTBID_WAITS, READS_WAITS, SETTLES_WITHIN, WANTED_MAX,
};
pub(crate) use machine::{Custody, Parts};
pub use passing::{ANSWERS_SUBMISSION_WITHIN, PASSED_ON_MAX};
pub(crate) use proposed::Considering;

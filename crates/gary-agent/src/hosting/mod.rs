//! Being a host: what this agent offers, and what it hosts once that is accepted.

mod answering;
mod custody;
mod ended;
mod exclusive;
mod hosted;
mod hostings;
mod leaving;
mod offering;
mod order;
mod repair;
mod running;
mod telling;

pub use answering::{ANSWERS_MAX, ANSWERS_WAIT};
pub use ended::Ended;
pub(crate) use hostings::Hosting;
pub use hostings::{EARLY_WITHDRAWALS_MAX, HOSTINGS_MAX};
pub(crate) use offering::Invited;
pub use offering::OFFER_STANDS;
pub use order::{HostReport, Order, RunAttempt, Start, Term};
pub use repair::{DENIED_AFTER, GIVEN_UP_AFTER, PROVEN_AFTER, REPAIR_WAITS, STEADY_AFTER};

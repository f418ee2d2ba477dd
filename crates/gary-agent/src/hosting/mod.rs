//! Being a host: what this agent offers, and what it hosts once that is accepted.

mod custody;
mod hosted;
mod hostings;
mod order;

pub use hosted::{DENIED_AFTER, GIVEN_UP_AFTER, REPAIR_WAITS, STEADY_AFTER};
pub use hostings::{EARLY_WITHDRAWALS_MAX, HOSTINGS_MAX, OFFER_STANDS};
pub(crate) use hostings::{Hosting, Invited};
pub use order::{HostReport, Order, Start};

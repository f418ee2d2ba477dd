//! What passes between one agent and each other one.

mod doubts;
mod draining;
mod hearing;
mod introducing;
mod liveness;
mod machine;
mod running;
mod setup;
mod submitting;
mod tenancies;
mod waking;

pub use doubts::ANSWERS_DOUBT_WITHIN;
pub use draining::{Afterwards, Drain, Draining, GOES_WITHIN, TELLS_FOR};
pub use machine::{Dealings, LEASE_MS, RENEWS_EVERY};
pub(crate) use setup::Publication;
pub use setup::{Keeps, Setup, Shown, Taken};
pub use submitting::WithdrawError;
pub use waking::ASLEEP_MIN;

//! What passes between one agent and each other one.

mod doubts;
mod hearing;
mod machine;
mod waking;

pub use doubts::ANSWERS_DOUBT_WITHIN;
pub(crate) use machine::Publication;
pub use machine::{Dealings, LEASE_MS, RENEWS_EVERY, Setup, Shown, Taken};
pub use waking::ASLEEP_MIN;

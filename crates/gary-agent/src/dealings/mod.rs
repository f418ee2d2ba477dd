//! What passes between one agent and each other one.

mod hearing;
mod machine;

pub(crate) use machine::Publication;
pub use machine::{Dealings, LEASE_MS, RENEWS_EVERY, Setup, Shown, Taken};

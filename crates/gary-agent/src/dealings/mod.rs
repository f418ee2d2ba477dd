//! What passes between one agent and each other one.

mod dealings;
mod hearing;

pub(crate) use dealings::Publication;
pub use dealings::{Dealings, LEASE_MS, RENEWS_EVERY, Setup, Taken};

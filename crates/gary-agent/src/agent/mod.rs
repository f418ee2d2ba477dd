//! One agent: what arrives, what goes out, and what it decides in between.

mod agent;
mod hearing;
mod setup;
mod view;

pub use agent::{Agent, LEASE_MS, RENEWS_EVERY, Taken};
pub use setup::{Powers, Setup};
pub use view::{FORGETS_AFTER, RECONCILES_EVERY};

//! One agent: what it sees of its cluster, and what it deals in.

mod agent;
mod setup;
mod view;

pub use agent::Agent;
pub use setup::{AgentSetup, Powers};
pub use view::{FORGETS_AFTER, RECONCILES_EVERY};

//! One agent: what it sees of its cluster, and what it deals in.

mod machine;
mod setup;
mod view;

pub use machine::Agent;
pub use setup::{AgentSetup, Powers};
pub use view::{COMPARES_EVERY, FORGETS_AFTER, RECONCILES_EVERY};

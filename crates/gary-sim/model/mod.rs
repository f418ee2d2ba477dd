//! A model of a register, in every order of events within its bounds. It goes through the agent's own code.

mod cluster;
pub(crate) mod exclusive;
mod fault;
mod node;
mod scenes;

pub(crate) use cluster::Cluster;
pub(crate) use fault::Fault;
use node::Wish;
pub(crate) use scenes::{faults, scenes};

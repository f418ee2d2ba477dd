//! A model of a register, and one of what is exclusive, in every order of events within their bounds. They go through the
//! agent's own code.

mod cluster;
pub(crate) mod exclusive;
mod fault;
mod node;
mod scene;
mod scenes;
mod search;

pub(crate) use cluster::Cluster;
pub(crate) use fault::Fault;
use node::Wish;
pub(crate) use scene::Scene;
pub(crate) use scenes::{faults, scenes};
pub(crate) use search::{First, find, go_through};

//! A model of what is exclusive: keepers that grant and hosts that hold, by the agent's own code, in every order of events
//! within its bounds, on clocks that go as wrong as they may.

mod actors;
mod fault;
mod scenes;
mod tenancy_model;

pub(crate) use fault::Fault;
pub(crate) use scenes::{faults, scenes};
pub(crate) use tenancy_model::Bounds;

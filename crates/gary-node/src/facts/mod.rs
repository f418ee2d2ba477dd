//! What an agent remembers, as rows of the store and back.
//!
//! A value is a protobuf message, so that a later release can add to it and an earlier one skips that. Ids stand in keys.
//! Nothing here is checked twice: what was signed is verified by the agent when it takes it up.

mod message;
mod reading;
mod row;
#[cfg(test)]
mod tests;
mod writing;

pub(crate) use reading::{UnreadableRow, fact_of};
pub(crate) use row::{Row, Table};
pub(crate) use writing::Rows;

//! Named faults, to show that the checkers can fail: each is an adapter around an agent, its disk or its host,
//! and each has to be caught.

mod disks;
mod drains;
mod hosts;
mod keepers;
mod liars;
mod named;
mod observers;
mod pending;
mod registers;
mod runners;
mod tenures;
mod tried;
mod twin;

pub use named::Mutation;
pub use tried::{Tried, try_mutation, try_mutations};

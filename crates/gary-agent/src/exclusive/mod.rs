//! At most one: by what a majority of its keepers grants, an exclusive workload is run, and by whom.
//!
//! It is a lease (Gray and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache
//! Consistency", 1989) by a majority, with a fencing epoch. The hostings that keepers count have leases too, which is
//! another thing; this one is called a *tenure*.
//!
//! Nothing here sends, stores or waits. [`Grantor`] is what a keeper has granted, and has to be durable before its answer
//! is said. [`Seat`] is since when it votes with whom. [`Tenure`] is what a host holds, or tries to, and may be lost at any
//! time. None of them looks at the workload, so that a model can go through the orders in which things may happen to a few
//! of them (`gary-sim`'s `model/`).
//!
//! Invariants, as long as no clock is wrong by more than [`Terms`] allow for:
//!
//! - Of two that hold the same workload one after the other, the later begins when the earlier has ended, and under a
//!   later fencing epoch.
//! - No fencing epoch has two holders, whatever clocks do.

mod grantor;
mod grants;
mod seat;
mod tenants;
mod tenure;
mod terms;
#[cfg(test)]
mod testing;

pub use grantor::{Grant, Grantor, SKIPPED_MAX};
pub(crate) use grants::Grants;
pub use seat::Seat;
pub use tenants::{ASKS_EVERY, ASKS_WAITS};
pub(crate) use tenants::{Step, Tenants};
pub use tenure::{ASKS_MAX, CONFIGURATIONS_MAX, Tenure, Turn};
pub use terms::{CLOCK_DRIFT_PPM_MAX, STOPS_WITHIN, TENURE_LASTS, Terms};

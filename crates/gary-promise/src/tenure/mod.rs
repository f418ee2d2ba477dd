//! At most one: what the host of an exclusive workload and its keepers say to one another.
//!
//! A *tenure* is what an exclusive workload is run by: a majority of its keepers has granted it, for a while and under a
//! fencing epoch. (What a promise stands for without being renewed is a [`Lease`](crate::Lease), which is another thing.)

mod fencing_epoch;
mod tenancy;

pub use fencing_epoch::FencingEpoch;
pub use tenancy::{Claim, Holder, Tenancy, TenancyWord};

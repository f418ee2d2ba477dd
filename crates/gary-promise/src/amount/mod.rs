//! How much, how many and for how long.

mod bounded_set;
mod lease;
mod portion;
mod resources;
mod time;

pub use bounded_set::{BoundedSet, TooMany};
pub use lease::{LEASE_MS_MAX, Lease, LeaseError, NOTICE_MS_MAX, Notice, NoticeError};
pub use portion::{MEMORY_PAGE_BYTES, Portion, PortionError};
pub use resources::{CPU_CORES_MICRO_MAX, MEMORY_BYTES_MAX, Resources, ResourcesError};
pub use time::Time;

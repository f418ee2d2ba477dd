//! Who and what: every id a type of its own.

mod agent;
mod byte_id;
mod cluster;
mod component;
mod counted;
mod generation;
mod promise;
mod slot;
mod version;
mod workload;

pub use agent::{AGENTS_NAMED_MAX, AgentId, Agents};
pub use byte_id::IdError;
pub use cluster::ClusterId;
pub use component::ComponentDigest;
pub use generation::Generation;
pub use promise::{PromiseId, PromiseIdError};
pub use slot::{Slot, VALENCY_MAX, Valency, ValencyError};
pub use version::{BootEpoch, Sequence, Version};
pub use workload::WorkloadId;

//! What hosts of an exclusive workload and its keepers say to one another.

use super::FencingEpoch;
use crate::{AgentId, BootNonce, Configuration, PromiseId, Version, WorkloadId};

/// Whoever holds an exclusive workload, or would: one hosting, in one start of its host. Who starts again, or is a copy of
/// another's disk, is another holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder {
    /// The offer by which it hosts.
    pub offer: PromiseId,
    /// What it has drawn at its start, to be told from a copy of itself.
    pub start: BootNonce,
}

/// A host's claim to a tenure of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// Its offer, by which it hosts.
    pub offer: Version,
    /// What it has drawn at its start.
    pub start: BootNonce,
    /// Under which fencing epoch.
    pub epoch: FencingEpoch,
}

/// What a host of an exclusive workload says to one of its keepers, or that to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenancy {
    /// The workload.
    pub workload: WorkloadId,
    /// Which claim of the host's it is about.
    pub claim: Claim,
    /// What is said of it.
    pub word: TenancyWord,
}

/// What is said of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenancyWord {
    /// The host asks for it, or for more time. Whatever it is answered, it counts from when it asked this.
    Asks(Version),
    /// The keeper grants what it was asked: for a tenure it grants no other. It grants it as one of these, and counts
    /// together only with what others grant as the same.
    Grants {
        /// What it was asked.
        asked: Version,
        /// Who keeps the workload.
        keepers: Configuration,
    },
    /// The keeper does not grant what it was asked.
    Refuses {
        /// What it was asked.
        asked: Version,
        /// The latest fencing epoch that it has granted to anybody.
        latest: Option<FencingEpoch>,
        /// Who keeps the workload, as far as it knows.
        keepers: Configuration,
    },
    /// The host runs nothing by it any more, and will not: somebody else can have it.
    Releases,
}

impl Claim {
    /// Who makes it, where it is this agent's.
    pub const fn holder(&self, host: AgentId) -> Holder {
        Holder {
            offer: PromiseId {
                promiser: host,
                version: self.offer,
            },
            start: self.start,
        }
    }
}

//! What is said over the API. A later release adds fields, and takes none away.

use serde::{Deserialize, Serialize};

/// The node that was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThisNode {
    /// What people call it.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its cluster.
    pub cluster: String,
    /// Where other nodes reach it.
    pub address: String,
    /// Where it serves workloads over HTTP, if it does.
    pub ingress: Option<String>,
    /// Its release.
    pub version: String,
}

/// A node, as the one sees it that was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeShown {
    /// What people call it; its id where it has said nothing yet.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Where others reach it.
    pub address: String,
    /// Processor cores that it promises.
    pub cpu_cores: f64,
    /// Memory that it promises, in bytes.
    pub memory_bytes: u64,
    /// Whether it is the one that was asked.
    pub is_this: bool,
}

/// A workload, as its keepers see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkloadShown {
    /// Its name.
    pub name: String,
    /// Its id, which is never another's.
    pub id: String,
    /// Which intent stands, counted from 1.
    pub generation: u64,
    /// How many hostings its owner uses.
    pub replicas: u32,
    /// The host names that it is served under.
    pub hosts: Vec<String>,
    /// Who tells this.
    pub keeper: String,
    /// What is hosted of it.
    pub hostings: Vec<HostingShown>,
    /// Why it is not hosted as its owner wants, as far as that is known.
    pub refusals: Vec<String>,
}

/// One hosting of a workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostingShown {
    /// In which slot.
    pub slot: u32,
    /// By which node.
    pub node: String,
    /// That node's id.
    pub node_id: String,
    /// Of which generation.
    pub generation: u64,
    /// Whether it runs, by its node's last word.
    pub runs: bool,
    /// `kept`, `broken` or `unknown`: what the keeper makes of it.
    pub state: String,
}

/// What has become of an intent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettlementShown {
    /// What has become of it.
    pub verdict: SettlementWord,
    /// What else there is to say.
    pub detail: String,
    /// How many keep it, where it is committed.
    pub keepers: u32,
}

/// What has become of an intent, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettlementWord {
    /// A majority of its keepers has it on disk.
    Committed,
    /// Somebody else was first.
    Conflict,
    /// The name is another workload's.
    NameTaken,
    /// There is no such workload.
    NotFound,
    /// Whoever signed it may not.
    NotAllowed,
    /// It would make something else of the workload.
    OtherKind,
    /// The node has it, and proposes it once its keepers can be reached.
    Pending,
    /// No majority has answered in time.
    NoMajority,
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// Why, in words.
    pub error: String,
}

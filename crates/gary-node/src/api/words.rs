//! What is said over the API. A later release adds fields, and takes none away.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The node that was asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
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
    /// Where Prometheus reads how it is, if it does.
    pub metrics: Option<String>,
    /// Its release.
    pub version: String,
}

/// What has become of an intent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SettlementShown {
    /// What has become of it.
    pub verdict: SettlementWord,
    /// What else there is to say.
    pub detail: String,
    /// How many keep it, where it is committed.
    pub keepers: u32,
}

/// What has become of an intent, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Refused {
    /// Why, in words.
    pub error: String,
}

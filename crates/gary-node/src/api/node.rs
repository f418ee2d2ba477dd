//! Nodes, as they are shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::ThisNode;

/// A node, as the one sees it that was asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct NodeShown {
    /// What people call it; its id where it has said nothing yet.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Where others reach it; nothing where that is not known any more.
    pub address: String,
    /// Processor cores that it promises.
    pub cpu_cores: f64,
    /// Memory that it promises, in bytes.
    pub memory_bytes: u64,
    /// What its operator says of it.
    pub labels: Vec<String>,
    /// The interfaces that it promises to components.
    pub interfaces: Vec<String>,
    /// `up`, `down`, `drained` where it takes nothing on, or `unheard` where it is there and has said nothing of itself yet.
    pub state: String,
    /// Since when it is down, in milliseconds since 1970.
    pub down_since_ms: Option<u64>,
    /// Whether it is the one that was asked.
    pub is_this: bool,
}

/// A node, as it sees itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct NodeState {
    /// What it says of itself.
    pub node: ThisNode,
    /// Which start of it this is, counted from 1.
    pub start: u64,
    /// Since when it runs, in milliseconds since 1970.
    pub since_ms: u64,
    /// Processor cores that it promises.
    pub cpu_cores: f64,
    /// How much of that is left.
    pub cpu_cores_left: f64,
    /// Memory that it promises, in bytes.
    pub memory_bytes: u64,
    /// How much of that is left.
    pub memory_bytes_left: u64,
    /// What its operator says of it.
    pub labels: Vec<String>,
    /// The interfaces that it promises to components.
    pub interfaces: Vec<String>,
    /// What it hosts: each replica of each workload.
    pub hosts: Vec<String>,
    /// What it keeps for owners.
    pub keeps: Vec<String>,
    /// How many other members it sees.
    pub members: usize,
    /// Why it takes no part, if it does not.
    pub held_off: Option<String>,
    /// Whether it has left, and is about to end.
    pub has_left: bool,
    /// What is left to be done before it is drained, where it is.
    pub draining: Option<DrainingShown>,
}

/// What is left before a node is drained.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct DrainingShown {
    /// When it takes back what it hosts still, in milliseconds since 1970.
    pub until_ms: u64,
    /// Whether it leaves its cluster then.
    pub leaves: bool,
    /// How much it hosts still.
    pub hosts: usize,
    /// What it keeps still.
    pub keeps: Vec<String>,
}

/// A promise, as an agent sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PromiseShown {
    /// Which.
    pub promise: String,
    /// Who has made it: a node's name, or somebody's key.
    pub by: String,
    /// Of what kind it is: `+host` where hosting is given, `-use` where it is taken.
    pub kind: String,
    /// What is promised, in words.
    pub what: String,
    /// Whom: `everyone`, or a node's name.
    pub to: String,
    /// The workload, if it is of one.
    pub workload: Option<String>,
    /// Until when it stands if it is not renewed, in milliseconds since 1970; nothing where it stands until it is taken back.
    pub until_ms: Option<u64>,
    /// `kept`, `unknown` or `broken`, or `own`: what this node makes of it.
    pub state: String,
    /// What it goes by.
    pub evidence: String,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
}

//! The tables of gary.toml.
//!
//! The first sentence of each field's documentation is what an editor shows, by way of the schema.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Color, Count, Cpu, DirGrant, EnvVar, HostName, HttpPath, ListenAddr, MemorySize, NetGrant,
    Period, VerboseLevel, entry_table, one_or_many, workload::DEFAULT_HEALTH_INTERVAL,
};

/// `[build]`: how to make the component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// A shell command that makes the component, run in gary.toml's directory.
    pub command: String,
    /// Files and directories whose change calls for a new build; by default gary.toml's directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watch: Vec<PathBuf>,
}

/// `[promise]`: what the workload needs promised.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// How many nodes should run it at once; by default 1. On a cluster only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<Count>,
    /// Cores per replica; by default unlimited in the foreground.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Cpu>,
    /// Memory per replica, all instances together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemorySize>,
    /// Memory of one instance, at most that of the replica.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_memory: Option<MemorySize>,
    /// How many requests a replica answers at once; more wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<Count>,
    /// How many requests an instance answers before it is dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse: Option<Count>,
    /// The longest time for one run of a command or for one request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Period>,
    /// Whether at most one node runs it at any time; that costs availability. On a cluster only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub exclusive: bool,
    /// Whose keyvalue stores are; needed for more than one replica. On a cluster only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreScope>,
}

/// Whose keyvalue stores are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StoreScope {
    /// Each replica has its own on its node, and they differ.
    PerReplica,
}

/// `[grant]`: what the workload may use; nothing is granted by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Environment variables; they win over those of `env_file`.
    #[serde(default, with = "entry_table", skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "entry_table::schema")]
    pub env: Vec<EnvVar>,
    /// A file of environment variables, or several; a later one wins.
    #[serde(
        default,
        deserialize_with = "one_or_many::deserialize",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(schema_with = "one_or_many::schema")]
    pub env_file: Vec<PathBuf>,
    /// Directories, each `HOST[::GUEST][:ro]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dirs: Vec<DirGrant>,
    /// Hosts that may be reached, each `HOST[:PORT]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub net: Vec<NetGrant>,
    /// Whether the guest may bind and listen on sockets of its own.
    #[serde(default, skip_serializing_if = "is_false")]
    pub listen: bool,
}

/// `[http]`: how an HTTP component is served.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address to serve on; by default 127.0.0.1:8080. `gary run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr: Option<ListenAddr>,
    /// The host name by which the ingress knows it. On a cluster only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostName>,
    /// The longest body of a request; by default 16MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_body: Option<MemorySize>,
}

/// `[health]`: how to tell that a replica works. On a cluster only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// A path that answers 2xx while the replica works.
    pub path: HttpPath,
    /// How often it is asked for; by default 5s.
    #[serde(default = "default_interval")]
    pub interval: Period,
}

/// `[job]`: it runs to completion rather than on and on. On a cluster only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// How often it runs, counted from 1970 on; by default once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Period>,
    /// How often a run that has failed is tried again; by default never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<Count>,
}

/// `[place]`: which nodes may run it. On a cluster only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Labels that a node must have; `node` is the node by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub require: BTreeMap<String, String>,
    /// Labels whose values replicas should not share, the most important first; `node` is the node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spread: Vec<String>,
}

/// `[update]`: how a new generation replaces the old one. On a cluster only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Update {
    /// How many replicas may run beyond `replicas` meanwhile.
    pub max_surge: u32,
    /// How many of `replicas` may be missing meanwhile.
    pub max_unavailable: u32,
}

impl Default for Update {
    fn default() -> Self {
        Self {
            max_surge: 1,
            max_unavailable: 0,
        }
    }
}

/// `[run]`: what only `gary run` looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Arguments of the guest; those after `--` on the command line replace them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// How long requests may finish once it is told to stop; by default 10s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain: Option<Period>,
    /// Whether to build and start anew on a change.
    #[serde(default, skip_serializing_if = "is_false")]
    pub watch: bool,
    /// Whether to report events as JSON on stderr.
    #[serde(default, skip_serializing_if = "is_false")]
    pub json: bool,
    /// How much to tell: 1 logs each request, 2 also tells diagnostics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbose: Option<VerboseLevel>,
    /// Whether to tell errors only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub quiet: bool,
    /// Whether to colour: auto, always or never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
}

/// serde's `default` takes a path.
fn default_interval() -> Period {
    DEFAULT_HEALTH_INTERVAL
}

/// serde's `skip_serializing_if` takes a path and a reference.
fn is_false(value: &bool) -> bool {
    !value
}

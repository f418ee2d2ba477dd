//! What was typed on the command line about a workload.

use std::path::PathBuf;

use crate::{
    Color, ConfigEntry, Count, Cpu, DirGrant, EnvVar, ListenAddr, MemorySize, Name, NetGrant,
    Period, VerboseLevel,
};

/// The workload flags, as typed: `None` and empty mean not typed.
///
/// What they mean together with a gary.toml is [`Workload::resolve`](crate::Workload::resolve)'s to
/// say. Plain fields, because the binary fills them in from its own flags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--name`.
    pub name: Option<Name>,
    /// `-e`, `--env`, in the order typed.
    pub env: Vec<EnvVar>,
    /// `--env-file`, in the order typed.
    pub env_file: Vec<PathBuf>,
    /// `--dir`, in the order typed.
    pub dirs: Vec<DirGrant>,
    /// `--config`, in the order typed.
    pub config: Vec<ConfigEntry>,
    /// `--allow-net`, in the order typed.
    pub allow_net: Vec<NetGrant>,
    /// `--listen-net`.
    pub listen_net: Option<bool>,
    /// `--memory`, of the replica.
    pub memory: Option<MemorySize>,
    /// `--instance-memory`.
    pub instance_memory: Option<MemorySize>,
    /// `--cpu`.
    pub cpu: Option<Cpu>,
    /// `--timeout`, per run or per request.
    pub timeout: Option<Period>,
    /// `--max-concurrency`, in requests.
    pub max_concurrency: Option<Count>,
    /// `--reuse`, in requests per instance.
    pub reuse: Option<Count>,
    /// `--max-body`, of a request.
    pub max_body: Option<MemorySize>,
    /// `--addr`.
    pub addr: Option<ListenAddr>,
    /// `--drain`.
    pub drain: Option<Period>,
    /// `--watch`.
    pub watch: Option<bool>,
    /// `--json`.
    pub json: Option<bool>,
    /// `-v`, as often as typed.
    pub verbose: Option<VerboseLevel>,
    /// `-q`.
    pub quiet: Option<bool>,
    /// `--color`.
    pub color: Option<Color>,
    /// What stands after `--`.
    pub args: Vec<String>,
}

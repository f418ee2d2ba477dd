//! What a workload is given to run with, in plain values.
//!
//! Whoever calls the host has checked them; a path may still turn out not to exist.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::denied::DenialSink;
use crate::keyvalue::StoresDir;
use crate::logging::LogSink;
use crate::net::NetGrant;
use crate::sink::OutputSink;
use crate::term::Term;

/// Everything a workload gets beyond its component. Nothing is granted by default.
#[derive(Clone, Default)]
pub struct Spec {
    /// The workload's name, in messages and as the owner of its stores.
    pub name: String,
    /// The first argument a guest sees: the name of its file.
    pub program: String,
    /// Arguments after the program's name.
    pub args: Vec<String>,
    /// Environment variables, in order.
    pub env: Vec<(String, String)>,
    /// Directories of this machine that the guest may open.
    pub dirs: Vec<Dir>,
    /// Hosts and ports that the guest may reach.
    pub net: Vec<NetGrant>,
    /// Whether the guest may bind and accept on sockets of its own.
    pub listen: bool,
    /// What `wasi:config/store` answers.
    pub config: Vec<(String, String)>,
    /// Where named key-value stores are kept; without it only the unnamed one can be opened.
    pub stores: Option<StoresDir>,
    /// What the workload may use.
    pub limits: Limits,
    /// Until when it may run, where nobody else may at the same time.
    pub term: Option<Arc<Term>>,
    /// Where the guest's standard streams lead.
    pub stdio: Stdio,
    /// Whether processor time is counted even where no share of it is set. Counting reads the
    /// thread's clock twice each time a guest goes on, which a short request notices.
    pub metered: bool,
    /// Where `wasi:logging` leads; without it, log lines are dropped.
    pub log: Option<Arc<dyn LogSink>>,
    /// Who is told of what the guest asks for and is not granted; without it, nobody is.
    pub denials: Option<Arc<dyn DenialSink>>,
}

/// A directory of this machine under the name that the guest sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dir {
    /// The directory on this machine.
    pub host: PathBuf,
    /// The guest's name for it.
    pub guest: String,
    /// Whether the guest may only read.
    pub read_only: bool,
}

/// What one replica may use; its live instances share `memory_bytes` and `cpu_cores`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Linear memory and tables of all instances together.
    pub memory_bytes: Option<u64>,
    /// Linear memory and tables of one instance.
    pub instance_memory_bytes: Option<u64>,
    /// Processor cores, over any second.
    pub cpu_cores: Option<f64>,
    /// Longest a run or a request may take.
    pub timeout: Option<Duration>,
    /// Requests handled at once; the engine's own room is the upper bound.
    pub concurrency_max: Option<u32>,
    /// Requests that one instance may serve before it is dropped.
    pub reuse: Option<u32>,
    /// Largest request body.
    pub body_bytes_max: Option<u64>,
}

/// Where a guest's standard streams lead.
#[derive(Clone, Default)]
pub enum Stdio {
    /// Nowhere: reads end at once, writes vanish.
    #[default]
    Null,
    /// To this process's own streams.
    Inherit,
    /// Output to this process's own streams, no input: a server has nobody at its keyboard.
    Output,
    /// Output to somebody who takes it, no input.
    Sink(Arc<dyn OutputSink>),
}

//! What is told line by line: what guests write, and what happens on nodes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A line that a guest has written, or that its node says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// When, in milliseconds since 1970, by the node's clock.
    pub at_ms: u64,
    /// On which node.
    pub node: String,
    /// By which replica, counted from 0.
    pub replica: u32,
    /// Of which generation that is; nothing for what a node of an earlier release wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// In which run of it: when that began, in milliseconds since 1970.
    pub run: u64,
    /// Where to.
    pub stream: LogStream,
    /// The line, without its end.
    pub text: String,
}

/// Where a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// `wasi:logging`.
    Log,
    /// The node says it of the replica.
    Gary,
}

/// Something that has happened, as a node saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventShown {
    /// When, in milliseconds since 1970, by the node's clock.
    pub at_ms: u64,
    /// Which node saw it.
    pub node: String,
    /// Of which workload or node it is.
    pub of: String,
    /// What it was.
    pub what: String,
}

/// Something that is told at a time.
pub(crate) trait Timed {
    /// When, in milliseconds since 1970.
    fn at_ms(&self) -> u64;
}

impl LogLine {
    /// The node says something between this line and the one before.
    pub(crate) fn note(line: &Self, text: String) -> Self {
        Self {
            stream: LogStream::Gary,
            text,
            ..line.clone()
        }
    }
}

impl Timed for LogLine {
    fn at_ms(&self) -> u64 {
        self.at_ms
    }
}

impl Timed for EventShown {
    fn at_ms(&self) -> u64 {
        self.at_ms
    }
}

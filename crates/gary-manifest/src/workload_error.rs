//! Why gary.toml and the command line together describe no workload.

use crate::{DirGrant, MemorySize};

/// gary.toml and the command line together describe no workload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkloadError {
    /// One instance may use more than all of them together.
    #[error("one instance may use {instance_memory}, and all of them together only {memory}")]
    InstanceMemory {
        /// What one instance may use.
        instance_memory: MemorySize,
        /// What all instances may use together.
        memory: MemorySize,
    },
    /// Two directories would have the same name.
    #[error("the guest cannot have both `{first}` and `{second}` as {}", .first.guest())]
    SameGuestPath {
        /// The one that was named first, gary.toml before the command line.
        first: DirGrant,
        /// The other one.
        second: DirGrant,
    },
    /// `-q` and `-v` were both typed.
    #[error("-q and -v exclude each other")]
    QuietAndVerbose,
}

impl WorkloadError {
    /// What to try.
    pub fn hint(&self) -> String {
        match self {
            Self::InstanceMemory {
                instance_memory,
                memory,
            } => format!(
                "raise `memory` to {instance_memory}, or lower `instance_memory` to {memory}"
            ),
            Self::SameGuestPath { .. } => {
                "leave one of them out, or name it differently: HOST::GUEST[:ro]".into()
            }
            Self::QuietAndVerbose => "leave one of them out".into(),
        }
    }
}

//! How a run ended.

use std::fmt;

use super::schedule::WallTime;
use crate::{Failure, Note};

/// How a run ended, by the word of whoever ran it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// In what way.
    pub outcome: Outcome,
    /// When, by its clock; `None` where its shell has told it no time.
    pub at: Option<WallTime>,
    /// What else it says of it.
    pub note: Option<Note>,
}

/// In what way a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It ended by itself, with this exit status. Zero is success.
    Exited(u32),
    /// It could not be started, or was ended since it had gone wrong.
    Failed(Failure),
    /// Whoever ran it was lost before it said how it ended. It may have run to its end, or not.
    Lost,
}

impl Completion {
    /// Whether it did what it was to do.
    pub const fn is_success(&self) -> bool {
        matches!(self.outcome, Outcome::Exited(0))
    }

    /// Whether it is known to have failed.
    pub const fn is_failure(&self) -> bool {
        !self.is_success() && !matches!(self.outcome, Outcome::Lost)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(0) => f.write_str("succeeded"),
            Self::Exited(status) => write!(f, "exited with {status}"),
            Self::Failed(failure) => write!(f, "failed: {failure}"),
            Self::Lost => f.write_str("was lost with its host"),
        }
    }
}

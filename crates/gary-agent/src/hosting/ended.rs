//! How a run ended, as its host remembers it until its keepers do.

use gary_promise::{Completion, RunKey, Version};

/// How a run ended, as its host remembers it until a majority of keepers does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Which run.
    pub key: RunKey,
    /// By what it was claimed.
    pub asked: Version,
    /// How it ended.
    pub completion: Completion,
}

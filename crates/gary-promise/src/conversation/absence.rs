//! Going away for a while.

use crate::{Notice, Version};

/// The sender will be back. Until then its silence is no news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    /// When it said so.
    pub version: Version,
    /// How soon.
    pub notice: Notice,
}

//! Not keeping a promise, and saying so.

use crate::Version;

/// The sender does not keep one of its promises now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// When it said so.
    pub version: Version,
    /// Which promise, one of its own.
    pub of: Version,
}

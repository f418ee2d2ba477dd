//! Why bytes were refused, to be counted by.

use crate::DecodeError;

/// Why bytes were refused, and no more than that: what whoever took them counts by. [`DecodeError`] says in
/// which field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Misread {
    /// There are more of them than there may be, or a field has.
    #[error("too long")]
    TooLong,
    /// A later release understands them.
    #[error("of a later version")]
    Later,
    /// They are no protobuf, or of another shape.
    #[error("malformed")]
    Malformed,
    /// A field stands more often than it may.
    #[error("too often")]
    TooOften,
    /// A field is missing.
    #[error("incomplete")]
    Missing,
    /// A field has a value that is not legal.
    #[error("not legal")]
    Illegal,
}

impl DecodeError {
    /// Why, to be counted by.
    pub const fn misread(&self) -> Misread {
        match self {
            Self::TooLong { .. } | Self::FieldTooLong { .. } => Misread::TooLong,
            Self::Later { .. } => Misread::Later,
            Self::Malformed { .. } | Self::Protobuf { .. } => Misread::Malformed,
            Self::TooOften { .. } => Misread::TooOften,
            Self::Missing { .. } => Misread::Missing,
            Self::Illegal { .. } => Misread::Illegal,
        }
    }
}

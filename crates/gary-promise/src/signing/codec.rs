//! How what is signed becomes bytes.

use std::error::Error;

use crate::Head;

/// Packs a `T` into bytes and unpacks it, in whatever form its implementer keeps stable.
///
/// The bytes of one value need not always be the same: what was signed is relayed as it came and never
/// packed again, so that a peer of a later release loses nothing by passing through an earlier one.
pub trait Codec<T> {
    /// Why bytes are no `T`.
    type Error: Error + Send + Sync + 'static;

    /// The bytes of a value.
    fn pack(&self, value: &T) -> Vec<u8>;

    /// The value of bytes that somebody else may have made.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the bytes. It never panics.
    fn unpack(&self, bytes: &[u8]) -> Result<T, Self::Error>;
}

/// Reads of a record what every release can, whichever one packed it.
pub trait HeadCodec {
    /// Why bytes are no record.
    type Error: Error + Send + Sync + 'static;

    /// The head of a record of any kind and release.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the bytes. It never panics.
    fn head(&self, bytes: &[u8]) -> Result<Head, Self::Error>;

    /// Whether bytes were refused for the one reason that a later release packed them. Any other flaw
    /// is one in every release.
    fn is_later(&self, refused: &Self::Error) -> bool;
}

//! From bytes to a message whose fields may still be illegal.

use crate::{DecodeError, shape::Shape};

/// A message on the wire.
pub(crate) trait Shaped: prost::Message + Default {
    /// What it may hold.
    const SHAPE: Shape;
}

/// Reads a message from bytes that were found to have its shape, and not more than `bytes_max` of
/// them.
pub(crate) fn decode<M: Shaped>(bytes: &[u8], bytes_max: usize) -> Result<M, DecodeError> {
    let what = M::SHAPE.what;
    if bytes.len() > bytes_max {
        return Err(DecodeError::TooLong {
            what,
            bytes: bytes.len(),
            bytes_max,
        });
    }
    M::SHAPE.check(bytes)?;
    M::decode(bytes).map_err(|source| DecodeError::Protobuf { what, source })
}

/// What `field` holds, if it is there.
pub(crate) fn required<T>(field: &'static str, value: Option<T>) -> Result<T, DecodeError> {
    value.ok_or(DecodeError::Missing { field })
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Promise, Withdrawal};

    /// Every field of every record, none at its default.
    const GOLDEN: &[&str] = &[
        include_str!("../../testdata/records/accept.hex"),
        include_str!("../../testdata/records/admit.hex"),
        include_str!("../../testdata/records/capacity.hex"),
        include_str!("../../testdata/records/consider.hex"),
        include_str!("../../testdata/records/have.hex"),
        include_str!("../../testdata/records/host.hex"),
        include_str!("../../testdata/records/keep.hex"),
        include_str!("../../testdata/records/serve.hex"),
        include_str!("../../testdata/records/use.hex"),
    ];

    fn bytes(text: &str) -> Vec<u8> {
        let digits: String = text.lines().collect();
        hex::decode(digits).expect("a golden file is hexadecimal")
    }

    #[test]
    fn shapes_know_every_field() {
        for hex in GOLDEN {
            assert!(Promise::SHAPE.knows_all_of(&bytes(hex)), "{hex}");
        }
        let withdrawal = include_str!("../../testdata/records/withdrawal.hex");
        assert!(Withdrawal::SHAPE.knows_all_of(&bytes(withdrawal)));
    }
}

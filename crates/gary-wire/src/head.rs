//! What every record says first, as it is on the wire.

use gary_promise::{Head, STATEMENT_BYTES_MAX};

use crate::{
    DecodeError,
    decode_error::NumberError,
    message::{Shaped, Version, decode, required},
    shape::{Field, Shape},
};

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct HeadMessage {
    #[prost(uint32, tag = "1")]
    needs: u32,
    #[prost(message, optional, tag = "2")]
    version: Option<Version>,
    #[prost(message, optional, tag = "3")]
    takes_back: Option<Version>,
}

impl Shaped for HeadMessage {
    const SHAPE: Shape = Shape {
        what: "record",
        fields: &[
            Field::u32(1, "record.needs"),
            Field::message(2, "record.version", &Version::SHAPE),
            Field::message(3, "record.takes_back", &Version::SHAPE),
        ],
    };
}

/// Reads the head of a packed record of any version and kind: every later version of one will say this
/// in the same place.
pub(crate) fn read_head(bytes: &[u8]) -> Result<Head, DecodeError> {
    let head: HeadMessage = decode(bytes, STATEMENT_BYTES_MAX)?;
    if head.needs == 0 {
        return Err(DecodeError::illegal("record.needs")(NumberError {
            number: 0,
            min: 1,
            max: u64::from(u32::MAX),
        }));
    }
    let version = required("record.version", head.version)?.try_into()?;
    let takes_back = head.takes_back.map(TryInto::try_into).transpose()?;
    Head::new(head.needs, version, takes_back).map_err(DecodeError::illegal("record.takes_back"))
}

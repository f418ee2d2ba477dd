//! What every record says first, in every version.

use gary_promise::{STATEMENT_BYTES_MAX, Version};

use crate::{
    DecodeError, WireVersion,
    decode_error::NumberError,
    message::{self, Shaped, decode, required},
    shape::{Field, Shape},
};

/// What every record says first, and every later version of one will say in the same place.
///
/// With it, a record that only a later release understands has its place among what its agent said,
/// and takes back what it takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The earliest wire version whose readers understand the record.
    pub needs: WireVersion,
    /// When it was said, by the signer's own count.
    pub version: Version,
    /// The signer's own promise that it takes back or whose place it takes.
    pub takes_back: Option<Version>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct HeadMessage {
    #[prost(uint32, tag = "1")]
    needs: u32,
    #[prost(message, optional, tag = "2")]
    version: Option<message::Version>,
    #[prost(message, optional, tag = "3")]
    takes_back: Option<message::Version>,
}

impl Shaped for HeadMessage {
    const SHAPE: Shape = Shape {
        what: "record",
        fields: &[
            Field::u32(1, "record.needs"),
            Field::message(2, "record.version", &message::Version::SHAPE),
            Field::message(3, "record.takes_back", &message::Version::SHAPE),
        ],
    };
}

impl Head {
    /// Reads the head of a packed record of any version and kind.
    ///
    /// It says nothing of who signed it: look at it once the signature was found good.
    ///
    /// # Errors
    ///
    /// Refuses more than [`STATEMENT_BYTES_MAX`], and what has no legal head.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        const NEEDS: &str = "record.needs";
        let head: HeadMessage = decode(bytes, STATEMENT_BYTES_MAX)?;
        let needs = WireVersion::new(head.needs);
        let zero = NumberError {
            number: 0,
            min: 1,
            max: u64::from(u32::MAX),
        };
        Ok(Self {
            needs: needs.ok_or_else(|| DecodeError::illegal(NEEDS)(zero))?,
            version: required("record.version", head.version)?.try_into()?,
            takes_back: head.takes_back.map(TryInto::try_into).transpose()?,
        })
    }
}

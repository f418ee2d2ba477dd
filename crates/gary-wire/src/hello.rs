//! How two peers find out what they both speak.

use prost::Message;

use crate::{
    DecodeError, Spoken,
    message::{Shaped, decode},
    shape::{Field, Shape},
};

/// The longest hello, in bytes: with room for what later releases may add.
pub const HELLO_BYTES_MAX: usize = 1024;

/// What each side of a connection sends first.
///
/// It is no frame, because which frames there are is only known once it was read. In every version to
/// come these two fields mean the same and others may be skipped: there is nobody to ask about it.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Hello {
    #[prost(uint32, tag = "1")]
    oldest: u32,
    #[prost(uint32, tag = "2")]
    current: u32,
}

impl Shaped for Hello {
    const SHAPE: Shape = Shape {
        what: "hello",
        fields: &[
            Field::u32(1, "hello.oldest"),
            Field::u32(2, "hello.current"),
        ],
    };
}

impl Spoken {
    /// The hello that says so, the first thing on each connection, both ways.
    pub fn encode(self) -> Vec<u8> {
        let hello = Hello {
            oldest: self.oldest().get(),
            current: self.current().get(),
        };
        hello.encode_to_vec()
    }

    /// What a peer's hello says.
    ///
    /// # Errors
    ///
    /// Refuses more than [`HELLO_BYTES_MAX`], and what is no hello. It is never of a later version.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let hello: Hello = decode(bytes, HELLO_BYTES_MAX)?;
        Self::new(hello.oldest, hello.current).map_err(DecodeError::illegal("hello.current"))
    }
}

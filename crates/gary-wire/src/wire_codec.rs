//! The form that everything an agent says has on the wire.

use gary_promise::{Codec, Head, HeadCodec, Promise, STATEMENT_BYTES_MAX, SheetHead, Withdrawal};
use prost::Message;

use crate::{
    DecodeError, WireVersion,
    head::read_head,
    message::{self, Shaped, decode},
};

/// Packs whatever an agent signs and sends, and unpacks that of every version which is spoken.
///
/// Each is packed as the earliest version that can say it, so that as many peers as possible read it.
#[derive(Debug, Clone, Copy, Default)]
pub struct WireCodec;

impl Codec<Promise> for WireCodec {
    type Error = DecodeError;

    fn pack(&self, promise: &Promise) -> Vec<u8> {
        message::Promise::from(promise).encode_to_vec()
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Promise, DecodeError> {
        read::<message::Promise>(bytes)?.try_into()
    }
}

impl Codec<Withdrawal> for WireCodec {
    type Error = DecodeError;

    fn pack(&self, withdrawal: &Withdrawal) -> Vec<u8> {
        message::Withdrawal::from(withdrawal).encode_to_vec()
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Withdrawal, DecodeError> {
        read::<message::Withdrawal>(bytes)?.try_into()
    }
}

impl Codec<SheetHead> for WireCodec {
    type Error = DecodeError;

    fn pack(&self, head: &SheetHead) -> Vec<u8> {
        message::SheetHead::from(head).encode_to_vec()
    }

    fn unpack(&self, bytes: &[u8]) -> Result<SheetHead, DecodeError> {
        read::<message::SheetHead>(bytes)?.try_into()
    }
}

impl HeadCodec for WireCodec {
    type Error = DecodeError;

    fn head(&self, bytes: &[u8]) -> Result<Head, DecodeError> {
        read_head(bytes)
    }

    fn is_later(&self, refused: &DecodeError) -> bool {
        refused.is_later()
    }
}

/// The head comes first: what is of a later version may break every other rule of this one.
fn read<M: Shaped>(bytes: &[u8]) -> Result<M, DecodeError> {
    let head = read_head(bytes)?;
    if head.needs() > WireVersion::CURRENT.get() {
        return Err(DecodeError::Later {
            what: M::SHAPE.what,
        });
    }
    decode(bytes, STATEMENT_BYTES_MAX)
}

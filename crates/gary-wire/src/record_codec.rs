//! How records are packed for signing, and unpacked.

use gary_promise::{Codec, Promise, STATEMENT_BYTES_MAX, Withdrawal};
use prost::Message;

use crate::{
    DecodeError, Head, WireVersion,
    message::{self, Shaped, decode},
};

/// Packs promises and withdrawals, and unpacks those of every version that is spoken.
///
/// Each is packed as the earliest version that can say it, so that as many peers as possible read it.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecordCodec;

impl Codec<Promise> for RecordCodec {
    type Error = DecodeError;

    fn pack(&self, promise: &Promise) -> Vec<u8> {
        message::Promise::from(promise).encode_to_vec()
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Promise, DecodeError> {
        read::<message::Promise>(bytes)?.try_into()
    }
}

impl Codec<Withdrawal> for RecordCodec {
    type Error = DecodeError;

    fn pack(&self, withdrawal: &Withdrawal) -> Vec<u8> {
        message::Withdrawal::from(withdrawal).encode_to_vec()
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Withdrawal, DecodeError> {
        read::<message::Withdrawal>(bytes)?.try_into()
    }
}

/// The head comes first: what is of a later version may break every other rule of this one.
fn read<M: Shaped>(bytes: &[u8]) -> Result<M, DecodeError> {
    let head = Head::read(bytes)?;
    if head.needs > WireVersion::CURRENT {
        return Err(DecodeError::Later {
            what: M::SHAPE.what,
        });
    }
    decode(bytes, STATEMENT_BYTES_MAX)
}

//! How what agents say becomes bytes, and bytes from a peer become what it says.
//!
//! What this crate promises its neighbours:
//!
//! - It is pure: no IO, no clock, no randomness, no thread.
//! - Whatever bytes come, nothing panics. They are limited in length before anything else is looked at,
//!   and in counts, lengths and depth before anything is decoded, so that no more is allocated than a
//!   small multiple of a named limit.
//! - What was read is legal. What is not is a [`DecodeError`] that names the field.
//! - Unknown fields are skipped. What a reader may not skip is of a later version and an error of its
//!   own ([`DecodeError::Later`]); of a record it still reads the [`Head`](gary_promise::Head).
//! - Each release speaks the wire version before its own as well ([`Spoken`]).
//!
//! Its invariant: what somebody signed is never packed again. [`WireCodec`] packs what its own agent is
//! about to sign; from then on the bytes travel as they are.
//!
//! What is said is vocabulary and stands in gary-promise. Here are its forms alone, each by one of the
//! traits there: records and frames by [`Codec`](gary_promise::Codec), packets by
//! [`PacketCodec`](gary_promise::PacketCodec).

// What is spoken.
mod hello;
mod wire_version;

// What may come, and what is wrong with it.
mod decode_error;
mod misread;
mod needs;
mod raw_field;
mod shape;

// Records: what is signed.
mod envelope;
mod head;
mod message;
mod wire_codec;

// What one agent sends another.
mod conversation;
mod packet;

// Parts of that, for whoever stores them.
mod stored;

#[cfg(test)]
mod golden;

pub use conversation::FRAME_BYTES_MAX;
pub use decode_error::{DecodeError, Flaw, LengthError, NumberError};
pub use hello::HELLO_BYTES_MAX;
pub use misread::Misread;
pub use wire_codec::WireCodec;
pub use wire_version::{NoCommonVersion, Spoken, SpokenError, WireVersion};

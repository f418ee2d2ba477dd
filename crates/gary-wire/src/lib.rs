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
//!   own ([`DecodeError::Later`]), and keeps its place by its [`Head`].
//! - Each release speaks the wire version before its own as well ([`Spoken`]).
//!
//! Its invariant: what somebody signed is never packed again. [`RecordCodec`] packs what its own agent
//! is about to sign; from then on the bytes travel as they are, in a [`SignedRecord`] and a [`Frame`].
//!
//! Still absent: frames for invitations and refusals, whose types are an agent's.

// What is spoken.
mod wire_version;

// What may come, and what is wrong with it.
mod decode_error;
mod raw_field;
mod shape;

// Records: what is signed.
mod head;
mod message;
mod record_codec;
mod signed_record;

// Frames: what one agent sends another.
mod batch;
mod frame;
mod frame_message;

pub use batch::{BATCH_BYTES_MAX, Batch, RECORDS_MAX};
pub use decode_error::{DecodeError, Flaw, LengthError, NumberError};
pub use frame::{Absence, Denial, FRAME_BYTES_MAX, Frame, Hint, Renewal, Reply, Request};
pub use head::Head;
pub use record_codec::RecordCodec;
pub use signed_record::{ENVELOPE_BYTES_MAX, SignedRecord, Unknown};
pub use wire_version::{NoCommonVersion, Spoken, SpokenError, WireVersion};

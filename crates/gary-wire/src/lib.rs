//! How what agents say becomes bytes, and bytes from a peer become what it says.
//!
//! What this crate promises its neighbours:
//!
//! - It is pure: no IO, no clock, no randomness, no thread.
//! - Each release speaks the wire version before its own as well ([`Spoken`]).

// What is spoken, and how much of it.
mod wire_version;

pub use wire_version::{NoCommonVersion, Spoken, SpokenError, WireVersion};

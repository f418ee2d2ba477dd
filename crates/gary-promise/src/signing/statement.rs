//! What can be signed, and what exactly a signature is over.

use crate::{
    AGENTS_NAMED_MAX, ClusterId, INTERFACE_BYTES_MAX, INTERFACES_MAX, LABELS_MAX, LabelKey,
    LabelValue, ROUTES_MAX, Route, SPEC_BYTES_MAX,
};

/// The longest statement, in packed bytes. A longer one is not signed, and refused from others before
/// anything else is looked at.
pub const STATEMENT_BYTES_MAX: usize = 128 << 10;

// The greatest statement there can be, an intent with everything in it, has to fit with eight bytes
// to spare for the packing of each item.
const _: () = assert!(
    SPEC_BYTES_MAX
        + INTERFACES_MAX * (INTERFACE_BYTES_MAX + 8)
        + LABELS_MAX * (LabelKey::BYTES_MAX + LabelValue::BYTES_MAX + 8)
        + ROUTES_MAX * (Route::BYTES_MAX + 8)
        + AGENTS_NAMED_MAX * (32 + 8)
        + 2048
        <= STATEMENT_BYTES_MAX
);

/// Something that an agent signs.
pub trait Statement {
    /// What it is. It goes under the signature, so that no bytes signed as one kind are ever taken
    /// for another; each kind in the program has its own, of at most 255 bytes.
    const KIND: &'static str;
}

/// Before everything that is signed, so that a key used elsewhere too has signed nothing like it.
const DOMAIN: &[u8] = b"gary statement 1";

/// What a signature is over: what everything before `packed` ends where is plain from the bytes.
///
/// The signer is not in it: ed25519 hashes its key with the message.
pub(super) fn message<T: Statement>(cluster: ClusterId, packed: &[u8]) -> Vec<u8> {
    const {
        assert!(T::KIND.len() <= u8::MAX as usize);
    }
    // In range by the line above.
    let kind_bytes = T::KIND.len() as u8;
    [
        DOMAIN,
        cluster.as_bytes(),
        &[kind_bytes],
        T::KIND.as_bytes(),
        packed,
    ]
    .concat()
}

//! What can be signed, and what exactly a signature is over.

use crate::{
    AGENTS_NAMED_MAX, ClusterId, INTERFACE_BYTES_MAX, INTERFACES_MAX, Kind, LABELS_MAX, LabelKey,
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
    /// What it is, as a [`Kind`]. It goes under the signature, so that no bytes signed as one kind are
    /// ever taken for another; each kind in the program has its own, and none is used again for
    /// something else.
    const KIND: &'static str;
}

/// What a `T` is.
pub(super) const fn kind_of<T: Statement>() -> &'static str {
    const {
        assert!(!T::KIND.is_empty() && T::KIND.len() <= Kind::BYTES_MAX);
    }
    T::KIND
}

/// Before everything that is signed, so that a key used elsewhere too has signed nothing like it.
const DOMAIN: &[u8] = b"gary statement 1";

// How long a kind is has one byte.
const _: () = assert!(Kind::BYTES_MAX <= u8::MAX as usize);

/// What a signature is over: where everything before `packed` ends is plain from the bytes.
///
/// The kind is no longer than a [`Kind`]. The signer is not in it: ed25519 hashes its key with the
/// message.
pub(super) fn message(cluster: ClusterId, kind: &str, packed: &[u8]) -> Vec<u8> {
    // In range by the line above.
    let kind_bytes = kind.len() as u8;
    [
        DOMAIN,
        cluster.as_bytes(),
        &[kind_bytes],
        kind.as_bytes(),
        packed,
    ]
    .concat()
}

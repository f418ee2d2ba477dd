//! Which component.

use super::byte_id::byte_id;

byte_id! {
    /// A component by what is in it: the SHA-256 of its bytes, written `sha256:` and 64 digits.
    ComponentDigest, 32, "sha256:"
}

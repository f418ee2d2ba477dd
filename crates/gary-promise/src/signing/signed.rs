//! What an agent is said to have signed.

use std::{fmt, marker::PhantomData, sync::Arc};

use crate::AgentId;

/// The length of a signature, in bytes.
pub const SIGNATURE_BYTES: usize = 64;

/// A `T` that somebody is said to have signed: how it travels and is stored.
///
/// Anybody can put one together, so it proves nothing and cannot be looked into. A
/// [`Verifier`](crate::Verifier) makes it a [`Verified`](crate::Verified).
pub struct Signed<T> {
    by: AgentId,
    bytes: Arc<[u8]>,
    signature: [u8; SIGNATURE_BYTES],
    /// Which kind it is said to be. It holds none.
    kind: PhantomData<fn() -> T>,
}

impl<T> Signed<T> {
    /// What came with the claim that `by` signed it.
    pub fn claimed(by: AgentId, bytes: &[u8], signature: [u8; SIGNATURE_BYTES]) -> Self {
        Self {
            by,
            bytes: bytes.into(),
            signature,
            kind: PhantomData,
        }
    }

    /// Who is said to have signed it.
    pub const fn by(&self) -> AgentId {
        self.by
    }

    /// The packed `T`, as it came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signature, as it came.
    pub const fn signature(&self) -> &[u8; SIGNATURE_BYTES] {
        &self.signature
    }

    /// What was signed and how, for an order among records that claim to be one.
    pub(crate) fn proof(&self) -> (&[u8], &[u8; SIGNATURE_BYTES]) {
        (&self.bytes, &self.signature)
    }
}

// Derived, these would ask the same of `T`, of which there is none in here.

impl<T> Clone for Signed<T> {
    fn clone(&self) -> Self {
        Self {
            by: self.by,
            bytes: Arc::clone(&self.bytes),
            signature: self.signature,
            kind: PhantomData,
        }
    }
}

impl<T> PartialEq for Signed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.by == other.by && self.bytes == other.bytes && self.signature == other.signature
    }
}

impl<T> Eq for Signed<T> {}

impl<T> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes by {:?}", self.bytes.len(), self.by)
    }
}

//! A record that only a later release can read.

use crate::{AgentId, Head, Promise, PromiseId, SIGNATURE_BYTES, Signed, SignedRecord, Version};

/// A record that its agent has signed for certain, and that only a later release can read.
///
/// It has its place by its version, takes back what it takes back, and is stored and relayed as it
/// came, so that a cluster of two releases forgets nothing that was said in the later one. What it is
/// about is not known here, and neither is its scope: it is passed on the way it came and no other.
///
/// Made by a [`Verifier`](crate::Verifier) only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    head: Head,
    signed: SignedRecord,
}

impl Later {
    /// The caller has checked the signature, and read the head.
    pub(crate) const fn new(head: Head, signed: SignedRecord) -> Self {
        Self { head, signed }
    }

    /// Who said it.
    pub const fn by(&self) -> AgentId {
        self.signed.by()
    }

    /// When, by their own count.
    pub const fn version(&self) -> Version {
        self.head.version()
    }

    /// What can be read of it.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// The promise that it takes back or whose place it takes.
    pub fn takes_back(&self) -> Option<PromiseId> {
        let version = self.head.takes_back()?;
        Some(self.id_of(version))
    }

    /// The promise that it makes; `None` where it is of another kind.
    pub fn makes(&self) -> Option<PromiseId> {
        self.promise()?;
        Some(self.id_of(self.version()))
    }

    /// The promise that it makes, as it was signed: what a sheet is hashed over. `None` where it is of
    /// another kind.
    pub const fn promise(&self) -> Option<&Signed<Promise>> {
        match &self.signed {
            SignedRecord::Promise(signed) => Some(signed),
            _ => None,
        }
    }

    /// How it was signed, to pass it on or to store it.
    pub const fn signed(&self) -> &SignedRecord {
        &self.signed
    }

    pub(crate) fn proof(&self) -> (&[u8], &[u8; SIGNATURE_BYTES]) {
        (self.signed.bytes(), self.signed.signature())
    }

    fn id_of(&self, version: Version) -> PromiseId {
        PromiseId {
            promiser: self.by(),
            version,
        }
    }
}

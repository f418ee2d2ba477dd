//! What stands on an agent's sheet, signed by the agent.

use sha2::{Digest, Sha256};

use crate::{Promise, Signed, Statement, Version};

/// What stands on an agent's sheet: all that it has promised to everyone and not taken back.
///
/// A sheet is a set with a single writer. Its head says by a hash what is in it, so that any peer can pass
/// it on and none can leave out a promise, or show one that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SheetHead {
    /// When it was made: later than everything on the sheet.
    pub version: Version,
    /// How many promises stand.
    pub count: u32,
    /// What they are.
    pub root: SheetRoot,
    /// From this head on, the owner remembers what is gone. A peer with an earlier one is sent the whole
    /// sheet, and by others, who remember less, also one with a later.
    pub remembered_from: Version,
}

/// A hash over the promises of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SheetRoot([u8; 32]);

/// Before what is hashed, so that these hashes are of nothing else.
const DOMAIN: &[u8] = b"gary sheet 1";

impl SheetRoot {
    /// The hash over promises in the order of their versions, each as it was signed.
    pub fn of<'a>(promises: impl IntoIterator<Item = (Version, &'a Signed<Promise>)>) -> Self {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        for (version, signed) in promises {
            hash.update(version.epoch.0.to_le_bytes());
            hash.update(version.sequence.get().to_le_bytes());
            // A signature commits to the bytes, and has a length that is known.
            hash.update(signed.signature());
        }
        Self(hash.finalize().into())
    }

    /// The hash that is these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Statement for SheetHead {
    const KIND: &'static str = "sheet head";
}

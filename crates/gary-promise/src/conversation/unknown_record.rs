//! Records of kinds that are yet to come.

use crate::{AgentId, Kind, SIGNATURE_BYTES, Signed};

/// A record of a kind that only a later release knows, as it travels.
///
/// [`SignedRecord::claimed`](crate::SignedRecord::claimed) makes it, and never of a kind that this
/// release knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRecord {
    kind: Kind,
    signed: Signed<Self>,
}

impl UnknownRecord {
    /// The caller has seen that it does not know the kind.
    pub(super) fn claimed(
        kind: Kind,
        by: AgentId,
        bytes: &[u8],
        signature: [u8; SIGNATURE_BYTES],
    ) -> Self {
        Self {
            kind,
            signed: Signed::claimed(by, bytes, signature),
        }
    }

    /// What it is said to be.
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// What is said to have been signed, and by whom.
    pub const fn signed(&self) -> &Signed<Self> {
        &self.signed
    }
}

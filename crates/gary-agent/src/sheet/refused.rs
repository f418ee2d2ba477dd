//! Why something that came from a peer was not taken.

use std::collections::BTreeMap;

/// Why something that came from a peer was not taken. Nothing was learned from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Refused {
    /// It was not signed by whose it is said to be.
    #[error("it was not signed by its owner")]
    Signature,
    /// It is signed, and cannot be understood.
    #[error("it cannot be understood")]
    Illegible,
    /// It is signed by another agent than the owner of the sheet.
    #[error("it is another agent's than the owner's")]
    Foreign,
    /// It is no promise.
    #[error("it is no promise")]
    Kind,
    /// It is a promise for a workload's own.
    #[error("it is a promise that is not for everyone")]
    Scope,
    /// The head is of an earlier boot epoch than what is known.
    #[error("it is of an earlier start of its owner")]
    Stale,
    /// The head is not later than what is known, or the part came before.
    #[error("it came before")]
    Replay,
    /// What came is not what the head says.
    #[error("it is not what its owner says stands on the sheet")]
    Root,
    /// It goes beyond what a sheet may have, in promises or bytes.
    #[error("it is larger than a sheet may be")]
    TooLarge,
    /// Its parts do not fit together, or are not what was asked for.
    #[error("its parts do not fit together")]
    Shape,
    /// Nobody asked this peer for it.
    #[error("nobody asked for it")]
    Unasked,
    /// It is about the sheet of the agent that it was sent to.
    #[error("it is about the receiver's own sheet")]
    OwnSheet,
    /// It is about an agent that is not known as a member.
    #[error("it is about an agent that is no member")]
    Stranger,
    /// It would be taken at a calmer time.
    #[error("there is too much on its way already")]
    Busy,
    /// There is no room for one more agent, or for more bytes of sheets.
    #[error("there is no room for it")]
    Full,
}

/// How often what was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals(BTreeMap<Refused, u64>);

impl Refusals {
    pub(super) fn count(&mut self, refused: Refused) {
        let count = self.0.entry(refused).or_default();
        *count = count.saturating_add(1);
    }

    /// How often for this reason.
    pub fn of(&self, refused: Refused) -> u64 {
        self.0.get(&refused).copied().unwrap_or_default()
    }

    /// Every reason there was, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (Refused, u64)> {
        self.0.iter().map(|(refused, count)| (*refused, *count))
    }
}

impl Refused {
    /// Whether the peer that was asked is not worth waiting for. Late and repeated frames of earlier
    /// answers are no flaw of the present one.
    pub(super) const fn ends_fetch(self) -> bool {
        !matches!(
            self,
            Self::Unasked
                | Self::OwnSheet
                | Self::Stranger
                | Self::Stale
                | Self::Replay
                | Self::Shape
        )
    }
}

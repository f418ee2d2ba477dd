//! What was refused, and why.

use std::collections::BTreeMap;

use crate::voice::Unverified;

/// Why something that a peer said was refused. It has moved nothing of this agent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Fault {
    /// It was not signed by whom it is said to be.
    #[error("it was not signed by whom it is said to be")]
    Signature,
    /// It is signed, and cannot be understood.
    #[error("it cannot be understood")]
    Illegible,
    /// It is another agent's word, which that agent tells itself.
    #[error("it is another agent's word")]
    NotTheirs,
    /// It is of a kind that is not said there.
    #[error("it is of a kind that is not said there")]
    OutOfPlace,
    /// It was promised to somebody else, or is about what somebody else has promised.
    #[error("it is for somebody else")]
    NotForMe,
    /// Nobody has asked for it.
    #[error("nobody has asked for it")]
    Unasked,
    /// It is of an earlier generation or start than what is known.
    #[error("it is of an earlier generation or start")]
    Stale,
    /// It was heard before.
    #[error("it was heard before")]
    Replay,
    /// It is about a promise that does not stand, or not any more.
    #[error("it is about a promise that does not stand")]
    Gone,
    /// This agent has left, or is kept out.
    #[error("this agent takes no part")]
    Absent,
    /// It is one half, and not of the other half that it names.
    #[error("its halves do not match")]
    Mismatch,
}

impl From<Unverified> for Fault {
    fn from(unverified: Unverified) -> Self {
        match unverified.is_signed {
            true => Self::Illegible,
            false => Self::Signature,
        }
    }
}

/// How often what was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<Fault, u64>);

impl Counters {
    pub(crate) fn count(&mut self, fault: Fault) {
        let count = self.0.entry(fault).or_default();
        *count = count.saturating_add(1);
    }

    /// How often for this reason.
    pub fn of(&self, fault: Fault) -> u64 {
        self.0.get(&fault).copied().unwrap_or_default()
    }

    /// Every reason there was, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (Fault, u64)> {
        self.0.iter().map(|(fault, count)| (*fault, *count))
    }
}

//! What keepers remember of one another's stores.

use crate::BootEpoch;

/// How often the store of an agent has committed to a vote, since there is its key. Zero is a store that holds none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitSequence(pub u64);

impl CommitSequence {
    /// The one after it. Past the last, where honest agents do not get, it stays there.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// What passes between two who keep a name together, before either votes by what it remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recall {
    /// The sender has started, and asks how far the receiver has seen its store.
    Asks {
        /// In which start: an answer to an earlier one counts for nothing.
        asked_in: BootEpoch,
    },
    /// The answer.
    Saw {
        /// In which start of the receiver's it was asked.
        asked_in: BootEpoch,
        /// How far the sender has seen the receiver's store; zero where it never heard of it.
        sequence: CommitSequence,
    },
}

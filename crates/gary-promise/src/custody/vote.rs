//! What a keeper has voted for.

use super::{Ballot, Configuration};

/// What a register holds: a content, and who votes on what comes next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entrusted<V> {
    /// Who votes from now on. Where these are others than before, it is the last that those before voted on.
    pub configuration: Configuration,
    /// What is kept.
    pub content: V,
}

/// What was voted for in one attempt.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vote<V> {
    /// The attempt. `None` is before all of them: what a configuration begins with, by a vote of the one before.
    pub ballot: Option<Ballot>,
    /// What was voted for.
    pub entrusted: Entrusted<V>,
}

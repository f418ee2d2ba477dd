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

impl<V> Entrusted<V> {
    /// The same with another form of its content.
    ///
    /// # Errors
    ///
    /// When the content has none.
    pub fn try_map<U, E>(self, form: impl FnOnce(V) -> Result<U, E>) -> Result<Entrusted<U>, E> {
        Ok(Entrusted {
            configuration: self.configuration,
            content: form(self.content)?,
        })
    }
}

impl<V> Vote<V> {
    /// The same with another form of its content.
    ///
    /// # Errors
    ///
    /// When the content has none.
    pub fn try_map<U, E>(self, form: impl FnOnce(V) -> Result<U, E>) -> Result<Vote<U>, E> {
        Ok(Vote {
            ballot: self.ballot,
            entrusted: self.entrusted.try_map(form)?,
        })
    }
}

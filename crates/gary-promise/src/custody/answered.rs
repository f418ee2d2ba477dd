//! What keepers answer.

use super::{Ballot, Configuration, ConfigurationEpoch, Vote};

/// What a keeper answers to what it was [asked](super::Asked).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Answered<V> {
    /// Of the configuration whose votes are counted.
    pub epoch: ConfigurationEpoch,
    /// The attempt.
    pub ballot: Ballot,
    /// The answer.
    pub answer: Answer<V>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer<V> {
    /// It votes in no earlier attempt any more. This is what it voted for last.
    Promised(Option<Vote<V>>),
    /// It has voted for what it was asked to.
    Accepted,
    /// It has promised this later attempt, and votes in none before that.
    Outbid(Ballot),
    /// It knows of a later configuration, by what that votes on or began with.
    Ahead(Vote<V>),
    /// It does not know of this configuration yet, and votes once it was told what that began with.
    Behind,
    /// It votes on a register of that name with others, who are not agreed yet.
    Elsewhere(Configuration),
    /// It votes on nothing of that, and never did.
    NotAsked,
}

impl<V> Answered<V> {
    /// The same with another form of what was voted for.
    ///
    /// # Errors
    ///
    /// When that has none.
    pub fn try_map<U, E>(self, form: impl FnOnce(V) -> Result<U, E>) -> Result<Answered<U>, E> {
        let answer = match self.answer {
            Answer::Promised(None) => Answer::Promised(None),
            Answer::Promised(Some(vote)) => Answer::Promised(Some(vote.try_map(form)?)),
            Answer::Accepted => Answer::Accepted,
            Answer::Outbid(by) => Answer::Outbid(by),
            Answer::Ahead(chosen) => Answer::Ahead(chosen.try_map(form)?),
            Answer::Behind => Answer::Behind,
            Answer::Elsewhere(configuration) => Answer::Elsewhere(configuration),
            Answer::NotAsked => Answer::NotAsked,
        };
        Ok(Answered {
            epoch: self.epoch,
            ballot: self.ballot,
            answer,
        })
    }
}

//! What keepers are asked.

use super::{Ballot, Configuration, Entrusted};

/// What every keeper of a register is asked, in one attempt to write it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked<V> {
    /// Whose votes are counted.
    pub configuration: Configuration,
    /// The attempt.
    pub ballot: Ballot,
    /// What is asked.
    pub question: Question<V>,
}

/// What is asked in an attempt.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question<V> {
    /// To vote in no earlier attempt any more, and to say what was last voted for.
    Prepare,
    /// To vote for this.
    Accept(Entrusted<V>),
}

impl<V> Asked<V> {
    /// The same with another form of what is voted for.
    ///
    /// # Errors
    ///
    /// When that has none.
    pub fn try_map<U, E>(self, form: impl FnOnce(V) -> Result<U, E>) -> Result<Asked<U>, E> {
        let question = match self.question {
            Question::Prepare => Question::Prepare,
            Question::Accept(entrusted) => Question::Accept(entrusted.try_map(form)?),
        };
        Ok(Asked {
            configuration: self.configuration,
            ballot: self.ballot,
            question,
        })
    }
}

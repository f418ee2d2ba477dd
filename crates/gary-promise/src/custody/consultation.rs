//! What keepers of a register say to one another.

use super::{Answered, Asked, Ballot, Configuration, ConfigurationEpoch, Vote};
use crate::WorkloadId;

/// What one keeper of a register says to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consultation<V> {
    /// It asks for a vote.
    Asked(Asked<V>),
    /// It answers what it was asked.
    Answered(Answered<V>),
    /// This was chosen, or is what a configuration begins with.
    Chosen(Vote<V>),
    /// It knows by now that this was chosen, and has stored so.
    Learned(Learned),
    /// All keepers knew that this workload is deleted, and it has forgotten that it ever was.
    Collected(WorkloadId),
    /// It keeps another workload under that name, and these do with it: their register was founded apart from the one that it
    /// was told of, and nothing of either concerns the other.
    Namesake(Configuration),
}

/// A keeper knows what was chosen, or something later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Learned {
    /// By whose votes it was chosen.
    pub epoch: ConfigurationEpoch,
    /// In which attempt; `None` for what a configuration begins with.
    pub ballot: Option<Ballot>,
}

impl<V> Consultation<V> {
    /// The same with another form of what it is about.
    ///
    /// # Errors
    ///
    /// When that has none.
    pub fn try_map<U, E>(self, form: impl FnOnce(V) -> Result<U, E>) -> Result<Consultation<U>, E> {
        Ok(match self {
            Self::Asked(asked) => Consultation::Asked(asked.try_map(form)?),
            Self::Answered(answered) => Consultation::Answered(answered.try_map(form)?),
            Self::Chosen(chosen) => Consultation::Chosen(chosen.try_map(form)?),
            Self::Learned(learned) => Consultation::Learned(learned),
            Self::Collected(workload) => Consultation::Collected(workload),
            Self::Namesake(keepers) => Consultation::Namesake(keepers),
        })
    }
}

//! What keepers of a register say to one another.

use super::{Answered, Asked, Vote};

/// What one keeper of a register says to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consultation<V> {
    /// It asks for a vote.
    Asked(Asked<V>),
    /// It answers what it was asked.
    Answered(Answered<V>),
    /// This was chosen, or is what a configuration begins with.
    Chosen(Vote<V>),
}

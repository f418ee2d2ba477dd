//! Under which condition a promise is made.

use crate::{Interface, PromiseId, amount::BoundedSet};

/// The most requirements of one condition. There are no more: to make such a set is an error.
pub const REQUIREMENTS_MAX: usize = 16;

/// Under which condition a promise is made: "b if c", where all of c is required.
///
/// While it is not met the promise is pending: made, and not assessable. Most promises require nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// What is required, at most [`REQUIREMENTS_MAX`].
    pub requirements: BoundedSet<Requirement, REQUIREMENTS_MAX>,
}

/// Something that a promise is made under the condition of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Requirement {
    /// Another promise stands. Its own condition in turn is how a chain of causes is followed.
    Promised(PromiseId),
    /// What a component of the promise's workload imports is bound to somebody who gives it.
    Bound(Interface),
}

impl Condition {
    /// What is not met, in order; the caller knows what `is_met`. Nothing, and the promise can be
    /// assessed.
    pub fn unmet(&self, is_met: impl Fn(&Requirement) -> bool) -> Vec<&Requirement> {
        let requirements = self.requirements.iter();
        requirements.filter(|required| !is_met(required)).collect()
    }
}

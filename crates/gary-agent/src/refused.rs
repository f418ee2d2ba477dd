//! What was refused, and why.

use std::collections::BTreeMap;

/// Why something that a peer said was refused. It has changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It was not signed by whom it is said to be, or what is signed cannot be read.
    Signature,
    /// It is another agent's word, which that agent tells itself.
    NotTheirs,
    /// It is of a kind that is not said there.
    OutOfPlace,
}

/// How often what was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<Fault, u64>);

impl Counters {
    pub(crate) fn count(&mut self, fault: Fault) {
        *self.0.entry(fault).or_default() += 1;
    }

    /// How often for this reason.
    pub fn of(&self, fault: Fault) -> u64 {
        self.0.get(&fault).copied().unwrap_or_default()
    }
}

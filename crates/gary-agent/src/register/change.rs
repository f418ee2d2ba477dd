//! What somebody wants of a register.

use gary_promise::{Configuration, Entrusted};

/// What somebody wants of a register.
pub trait Change<V> {
    /// What has become of it.
    type Verdict;

    /// What has become of it where this is in the register, or nothing is. `None` where it may still be made.
    fn verdict(&self, held: Option<&Entrusted<V>>) -> Option<Self::Verdict>;

    /// What follows from what is in the register, or from nothing, by this change. It has no verdict on that yet.
    fn follow(&self, held: Option<&Entrusted<V>>, configuration: &Configuration) -> Entrusted<V>;
}

//! What a checker is.

use std::fmt::Debug;

use gary_promise::Time;

use super::Book;
use crate::property::Property;
use crate::seen::Seen;

/// Whether a property holds of what was seen: if not, what speaks against it.
pub type Verdict = Result<(), String>;

/// Checks one property.
pub trait Checker: Debug {
    /// Which.
    fn property(&self) -> Property;

    /// Looks at what was just seen. The book knows of it already.
    ///
    /// # Errors
    ///
    /// What speaks against the property.
    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict;

    /// Looks at everything, once faults have ceased and there was time to settle.
    ///
    /// # Errors
    ///
    /// What speaks against the property.
    fn scan(&mut self, _at: Time, _book: &Book) -> Verdict {
        Ok(())
    }

    /// How often something was seen that the property says anything of. A property that nothing was seen
    /// of was not checked.
    fn premises(&self) -> u64;
}

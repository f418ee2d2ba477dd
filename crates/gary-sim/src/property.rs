//! Which property a checker is for.

use std::fmt;

/// One of the properties that hold of Gary, by its number and name. What each says stands with its checker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Property {
    /// Its number.
    pub number: u8,
    /// What it is called.
    pub name: &'static str,
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.number, self.name)
    }
}

/// A property did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub property: Property,
    /// What was seen.
    pub what: String,
    /// When, in microseconds of the world's time.
    pub at_us: u64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.at_us as f64 / 1e6;
        write!(
            f,
            "property {} does not hold at {seconds:.3} s: {}",
            self.property, self.what
        )
    }
}

//! Which way what is promised goes.

use std::fmt;

/// Which way what is promised goes: from the promiser or to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Polarity {
    /// `+`: the promiser gives.
    Give,
    /// `-`: the promiser uses, accepts or receives. A gift binds only where somebody does.
    Use,
}

impl fmt::Display for Polarity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Give => "+",
            Self::Use => "-",
        })
    }
}

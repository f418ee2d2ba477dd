//! Not keeping a promise, and saying so.

use std::fmt;

use crate::Version;

/// The sender does not keep one of its promises now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// When it said so.
    pub version: Version,
    /// Which promise, one of its own.
    pub of: Version,
    /// What is wrong, as far as it says.
    pub failure: Failure,
}

/// In what way a component fails again and again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// Nobody has said.
    #[default]
    Unstated,
    /// It cannot be started.
    Start,
    /// It starts, and ends by itself.
    Ended,
    /// It runs, and is not well by the health check that its owner asks for.
    Health,
    /// It did what WebAssembly forbids, or ran out of something that it was promised.
    Trapped,
    /// It took longer than its owner lets it.
    TimedOut,
}

impl Failure {
    /// By which number it is said and stored.
    pub const fn number(self) -> u32 {
        match self {
            Self::Unstated => 0,
            Self::Start => 1,
            Self::Ended => 2,
            Self::Health => 3,
            Self::Trapped => 4,
            Self::TimedOut => 5,
        }
    }

    /// Which one a number says. That something fails counts, also where how is told in a later release's words.
    pub const fn of_number(number: u32) -> Self {
        match number {
            1 => Self::Start,
            2 => Self::Ended,
            3 => Self::Health,
            4 => Self::Trapped,
            5 => Self::TimedOut,
            _ => Self::Unstated,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unstated => "it fails",
            Self::Start => "it cannot be started",
            Self::Ended => "it ends soon after it has started",
            Self::Health => "it is not well by its health check",
            Self::Trapped => "it traps",
            Self::TimedOut => "it takes longer than its timeout",
        })
    }
}

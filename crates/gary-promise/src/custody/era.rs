//! How often a register was begun again.

use std::fmt;
use std::num::NonZeroU64;

use crate::AgentId;

/// A register was begun again, because a majority of those who kept it was gone for good: how often, and by the agent at
/// which a person had that done. Of two that were begun again at once, the one by the greater agent goes before the
/// other, in everybody's eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Era {
    number: NonZeroU64,
    by: AgentId,
}

impl Era {
    /// The era of this number that an agent began; there is none of number zero, which a register is founded in.
    pub fn new(number: u64, by: AgentId) -> Option<Self> {
        let number = NonZeroU64::new(number)?;
        Some(Self { number, by })
    }

    /// The one after another, or the first. Past the last, where honest agents do not get, there is none.
    pub fn after(earlier: Option<Self>, by: AgentId) -> Option<Self> {
        let number = earlier.map_or(0, |its| its.number.get()).checked_add(1)?;
        Self::new(number, by)
    }

    /// How often the register was begun again by then.
    pub const fn number(self) -> u64 {
        self.number.get()
    }

    /// By which agent.
    pub const fn by(self) -> AgentId {
        self.by
    }
}

impl fmt::Display for Era {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

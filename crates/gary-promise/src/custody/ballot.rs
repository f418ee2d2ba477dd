//! In which order attempts to write a register stand.

use crate::{AgentId, BootEpoch};

/// One attempt to write a register. The later of two wins, whatever the order in which they are heard.
///
/// An agent uses each ballot once: the start in it tells what it tried before it lost its memory from what it tries
/// now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot {
    /// Decides first. Zero is for whoever comes first in a register's first configuration, and for its first value:
    /// with it goes no question whether anything is there.
    pub counter: u64,
    /// Who tries.
    pub by: AgentId,
    /// Which of its starts.
    pub epoch: BootEpoch,
}

impl Ballot {
    /// The one that asks nobody first.
    pub const fn zero(by: AgentId, epoch: BootEpoch) -> Self {
        Self {
            counter: 0,
            by,
            epoch,
        }
    }

    /// An attempt later than `other`, or the first that asks. `None` after the last, where honest agents do not get.
    pub fn after(other: Option<Self>, by: AgentId, epoch: BootEpoch) -> Option<Self> {
        let counter = other.map_or(0, |its| its.counter).checked_add(1)?;
        Some(Self { counter, by, epoch })
    }

    /// Whether it asks nobody first.
    pub const fn is_zero(&self) -> bool {
        self.counter == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_is_later_whoever_tries() {
        let [low, high] = [1, 2].map(|byte| AgentId::from_bytes([byte; 32]));
        let zero = Ballot::zero(high, BootEpoch(9));
        let first = Ballot::after(Some(zero), low, BootEpoch(1)).expect("there are more");
        assert!(zero < first && zero.is_zero() && !first.is_zero());
        assert_eq!(Some(first), Ballot::after(None, low, BootEpoch(1)));
        // What an agent tries after a start is another attempt than any before it.
        let again = Ballot::after(Some(zero), low, BootEpoch(2)).expect("there are more");
        assert!(first < again);
        let last = Ballot {
            counter: u64::MAX,
            ..first
        };
        assert_eq!(Ballot::after(Some(last), low, BootEpoch(3)), None);
    }
}

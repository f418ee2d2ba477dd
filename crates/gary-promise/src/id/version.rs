//! In which order an agent said what it said.

use std::fmt;

use super::counted::counted;

/// How often an agent has started.
///
/// A node counts its starts on disk, never by a clock, so that nothing it says after a restart is
/// older than what it said before. A command line keeps no such count and may draw its epoch at
/// random: a person's intents are ordered by their generation, and only have to be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootEpoch(pub u64);

counted! {
    /// Which of the things that an agent has said in one boot epoch. The first has number 1, so that 0 is
    /// free to mean that there was none.
    Sequence, first: "What is said first."
}

/// When an agent said something, by its own count: later is greater.
///
/// An agent uses each version once. What two agents said has no order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The start it was said after. First, because it decides.
    pub epoch: BootEpoch,
    /// Its number since then.
    pub sequence: Sequence,
}

impl Version {
    /// What is said first in an epoch.
    pub const fn first(epoch: BootEpoch) -> Self {
        Self {
            epoch,
            sequence: Sequence::FIRST,
        }
    }

    /// What follows it in its epoch; `None` past the last, which takes half a million years at a
    /// million a second.
    pub const fn next(self) -> Option<Self> {
        match self.sequence.next() {
            Some(sequence) => Some(Self {
                epoch: self.epoch,
                sequence,
            }),
            None => None,
        }
    }
}

impl fmt::Display for Version {
    /// `EPOCH.SEQUENCE`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch.0, self.sequence.get())
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_later_than_anything_before_it() {
        let before = Version {
            epoch: BootEpoch(1),
            sequence: Sequence::new(u64::MAX).expect("not zero"),
        };
        let after = Version::first(BootEpoch(2));
        assert!(before < after);
        assert_eq!(before.next(), None);
        assert_eq!(after.next().expect("it is not the last").to_string(), "2.2");
    }

    #[test]
    fn nothing_has_number_zero() {
        assert_eq!(Sequence::new(0), None);
        assert_eq!(Sequence::new(1), Some(Sequence::FIRST));
    }
}

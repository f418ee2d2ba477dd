//! In which order an exclusive workload has been held.

use std::fmt;
use std::num::NonZeroU64;

use crate::ConfigurationEpoch;

/// In which order an exclusive workload has been held: whoever holds it later does so under a later one. What refuses
/// all that comes under an earlier one than it has seen never has two holders, whatever clocks do.
///
/// The configuration of those who granted it decides first. Those who come may know nothing of what was granted before
/// them, and what they grant is later all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingEpoch {
    configuration: ConfigurationEpoch,
    count: NonZeroU64,
}

impl FencingEpoch {
    /// The first that keepers of this configuration grant.
    pub const fn first(configuration: ConfigurationEpoch) -> Self {
        Self {
            configuration,
            count: NonZeroU64::MIN,
        }
    }

    /// The one of this number in a configuration; there is none of number zero.
    pub const fn new(configuration: ConfigurationEpoch, number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(count) => Some(Self {
                configuration,
                count,
            }),
            None => None,
        }
    }

    /// The least that is later and that keepers of this configuration may grant. `None` where theirs are all earlier, or
    /// after the last, where honest agents do not get.
    pub fn after(self, configuration: ConfigurationEpoch) -> Option<Self> {
        if configuration > self.configuration {
            return Some(Self::first(configuration));
        }
        let count = self.count.checked_add(1)?;
        (configuration == self.configuration).then_some(Self {
            configuration,
            count,
        })
    }

    /// By which configuration of keepers it is granted.
    pub const fn configuration(self) -> ConfigurationEpoch {
        self.configuration
    }

    /// Its number there, counted from 1.
    pub const fn number(self) -> u64 {
        self.count.get()
    }
}

impl fmt::Display for FencingEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.configuration, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(number: u64) -> ConfigurationEpoch {
        ConfigurationEpoch::new(number).expect("not zero")
    }

    #[test]
    fn what_later_keepers_grant_is_later() {
        let [one, two] = [1, 2].map(configuration);
        let many = FencingEpoch::new(one, 700).expect("not zero");
        let next = many.after(one).expect("there are more");
        assert_eq!(next.to_string(), "1.701");
        let later = next.after(two).expect("there are more");
        assert_eq!(later, FencingEpoch::first(two));
        assert!(many < next && next < later);
        assert_eq!(later.after(one), None, "all of theirs are earlier");
    }

    #[test]
    fn ends_at_its_end() {
        let last = FencingEpoch::new(configuration(1), u64::MAX).expect("not zero");
        assert_eq!(last.after(configuration(1)), None);
        assert_eq!(FencingEpoch::new(configuration(1), 0), None);
    }
}

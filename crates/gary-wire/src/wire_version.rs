//! Which versions of the wire there are, and which one two peers speak.

use std::fmt;

/// A version of frames and records, counted from 1.
///
/// It goes up when a reader that skips what it does not know would misunderstand. What may be skipped
/// is a new field and no new version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WireVersion(u32);

/// The versions that somebody speaks: the oldest, the current, and all between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken {
    oldest: WireVersion,
    current: WireVersion,
}

/// Numbers are no versions that somebody speaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there are no versions from {oldest} to {current}")]
pub struct SpokenError {
    /// What should be the oldest.
    pub oldest: u32,
    /// What should be the current.
    pub current: u32,
}

/// Two peers are too many releases apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the peer speaks wire versions {theirs}, and {ours} are spoken here")]
pub struct NoCommonVersion {
    /// What is spoken here.
    pub ours: Spoken,
    /// What the peer speaks.
    pub theirs: Spoken,
}

impl WireVersion {
    /// What this release speaks with its equals.
    pub const CURRENT: Self = Self(1);

    /// What the release before spoke, which this one still does. There was none before the first.
    pub const OLDEST: Self = Self(1);

    /// The first there was. What it can say is said in it, for as long as it is spoken.
    pub(crate) const FIRST: Self = Self(1);

    /// The version of this number; there is none of number zero.
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 {
            return None;
        }
        Some(Self(number))
    }

    /// Its number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Spoken {
    /// What this release speaks.
    pub const HERE: Self = Self {
        oldest: WireVersion::OLDEST,
        current: WireVersion::CURRENT,
    };

    /// The versions with these numbers and between.
    ///
    /// # Errors
    ///
    /// Refuses number zero, and an oldest that is later than the current.
    pub const fn new(oldest: u32, current: u32) -> Result<Self, SpokenError> {
        match (WireVersion::new(oldest), WireVersion::new(current)) {
            (Some(first), Some(last)) if oldest <= current => Ok(Self {
                oldest: first,
                current: last,
            }),
            _ => Err(SpokenError { oldest, current }),
        }
    }

    /// The oldest.
    pub const fn oldest(self) -> WireVersion {
        self.oldest
    }

    /// The current, which is preferred.
    pub const fn current(self) -> WireVersion {
        self.current
    }

    /// The latest version that both speak. Both sides come to the same one by themselves, so it is not
    /// asked for.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn agree(self, theirs: Self) -> Result<WireVersion, NoCommonVersion> {
        let latest = self.current.min(theirs.current);
        if latest < self.oldest || latest < theirs.oldest {
            return Err(NoCommonVersion { ours: self, theirs });
        }
        Ok(latest)
    }
}

impl fmt::Display for WireVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.oldest, self.current)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_release_before_is_spoken_with() {
        let (here, oldest) = (WireVersion::CURRENT.get(), WireVersion::OLDEST.get());
        assert!(here - oldest == 1 || (here, oldest) == (1, 1));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for (oldest, current) in [(0, 0), (0, 1), (1, 0), (2, 1)] {
            assert_eq!(
                Spoken::new(oldest, current),
                Err(SpokenError { oldest, current })
            );
        }
    }

    #[test]
    fn too_far_apart_is_said() {
        let [ours, theirs] = [(1, 2), (3, 4)].map(|(a, b)| Spoken::new(a, b).expect("a span"));
        let error = ours.agree(theirs).expect_err("nothing in common");
        assert_eq!(
            error.to_string(),
            "the peer speaks wire versions 3 to 4, and 1 to 2 are spoken here"
        );
    }

    proptest! {
        #[test]
        fn both_agree_on_the_latest_that_both_speak(
            (a, b, c, d) in (1..9_u32, 0..4_u32, 1..9_u32, 0..4_u32),
        ) {
            let ours = Spoken::new(a, a + b).expect("a span");
            let theirs = Spoken::new(c, c + d).expect("a span");
            let common = (a..=a + b).filter(|n| (c..=c + d).contains(n)).max();
            prop_assert_eq!(ours.agree(theirs).ok().map(WireVersion::get), common);
            prop_assert_eq!(theirs.agree(ours).ok().map(WireVersion::get), common);
        }
    }
}

//! How fast a later generation takes the place of an earlier one.

/// How a later generation takes the place of the earlier: how many hostings there may be more than are used, and how
/// many fewer, because of it. At least one of the two is not zero, or nothing could ever take anything's place.
///
/// The words are those of Kubernetes' rolling update, where users know them from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pace {
    max_surge: u32,
    max_unavailable: u32,
}

/// By this pace nothing could ever take anything's place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("with no hosting more than are used and none fewer no update could begin")]
pub struct PaceError;

impl Pace {
    /// So many hostings more, and so many fewer, at once.
    ///
    /// # Errors
    ///
    /// Refuses none of both.
    pub const fn new(max_surge: u32, max_unavailable: u32) -> Result<Self, PaceError> {
        if max_surge == 0 && max_unavailable == 0 {
            return Err(PaceError);
        }
        Ok(Self {
            max_surge,
            max_unavailable,
        })
    }

    /// How many hostings of both generations together may be bound at once beyond the valency.
    pub const fn max_surge(self) -> u32 {
        self.max_surge
    }

    /// How many of the valency may be without a hosting at once.
    pub const fn max_unavailable(self) -> u32 {
        self.max_unavailable
    }
}

impl Default for Pace {
    /// One more, and none fewer.
    fn default() -> Self {
        Self {
            max_surge: 1,
            max_unavailable: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_two_is_not_zero() {
        assert_eq!(Pace::new(0, 0), Err(PaceError));
        assert_eq!(Pace::new(1, 0), Ok(Pace::default()));
        let down_first = Pace::new(0, 2).expect("two may be away");
        assert_eq!(
            (down_first.max_surge(), down_first.max_unavailable()),
            (0, 2)
        );
    }
}

//! A set with a limit.

use std::collections::BTreeSet;

/// At most `MAX` values, each once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoundedSet<T, const MAX: usize>(BTreeSet<T>);

/// There are more values than the set may hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there are more than {count_max}")]
pub struct TooMany {
    /// The most it may hold.
    pub count_max: usize,
}

impl<T: Ord, const MAX: usize> BoundedSet<T, MAX> {
    /// Takes values in any order; one that comes again counts again and is kept once.
    ///
    /// # Errors
    ///
    /// Refuses to look at more than `MAX` of them.
    pub fn new(values: impl IntoIterator<Item = T>) -> Result<Self, TooMany> {
        let mut set = BTreeSet::new();
        for (index, value) in values.into_iter().enumerate() {
            if index == MAX {
                return Err(TooMany { count_max: MAX });
            }
            set.insert(value);
        }
        Ok(Self(set))
    }

    /// Whether `value` is in it.
    pub fn contains(&self, value: &T) -> bool {
        self.0.contains(value)
    }

    /// Its values, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// How many are in it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T, const MAX: usize> Default for BoundedSet<T, MAX> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_refused_after_its_limit_even_where_nothing_is_new() {
        let mut looked_at = 0;
        let same = std::iter::repeat(7).inspect(|_| looked_at += 1);
        let error = BoundedSet::<u8, 4>::new(same).expect_err("there is no end of them");
        assert_eq!(error.to_string(), "there are more than 4");
        assert_eq!(looked_at, 5);
    }

    #[test]
    fn holds_each_value_once() {
        let set = BoundedSet::<u8, 4>::new([3, 1, 3, 2]).expect("few enough");
        assert!(set.iter().eq(&[1, 2, 3]));
        assert!(set.contains(&2) && !set.contains(&4));
    }
}

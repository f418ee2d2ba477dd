//! The labels of an agent, or those that an intent asks for.

use std::collections::BTreeMap;

use super::{LabelKey, LabelValue};

/// The most labels that an agent has or an intent asks for. There are no more: to make such a set is an error.
pub const LABELS_MAX: usize = 64;

/// Labels by key, at most [`LABELS_MAX`] of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(BTreeMap<LabelKey, LabelValue>);

/// These are not labels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelsError {
    /// There are too many.
    #[error("there are more than {LABELS_MAX} labels")]
    TooMany,
    /// One key has two values.
    #[error("there are two labels with the key {key}")]
    Twice {
        /// The key.
        key: LabelKey,
    },
}

impl Labels {
    /// Takes labels in any order.
    ///
    /// # Errors
    ///
    /// Refuses a key that comes twice, and to look at more than [`LABELS_MAX`] of them.
    pub fn new(
        labels: impl IntoIterator<Item = (LabelKey, LabelValue)>,
    ) -> Result<Self, LabelsError> {
        let mut taken = BTreeMap::new();
        for (key, value) in labels {
            if taken.len() == LABELS_MAX {
                return Err(LabelsError::TooMany);
            }
            if taken.contains_key(&key) {
                return Err(LabelsError::Twice { key });
            }
            taken.insert(key, value);
        }
        Ok(Self(taken))
    }

    /// The value of the label with this key.
    pub fn get(&self, key: &LabelKey) -> Option<&LabelValue> {
        self.0.get(key)
    }

    /// Every label, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&LabelKey, &LabelValue)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(number: usize) -> (LabelKey, LabelValue) {
        let key = format!("k{number}").parse().expect("a key");
        (key, "v".parse().expect("a value"))
    }

    #[test]
    fn a_million_labels_are_refused_after_a_few() {
        let mut looked_at = 0;
        let labels = (0..1_000_000).inspect(|_| looked_at += 1).map(label);
        assert_eq!(Labels::new(labels), Err(LabelsError::TooMany));
        assert_eq!(looked_at, LABELS_MAX + 1);
        Labels::new((0..LABELS_MAX).map(label)).expect("as many as there may be");
    }

    #[test]
    fn a_key_has_one_value() {
        let error = Labels::new([label(1), label(2), label(1)]).expect_err("one comes twice");
        assert_eq!(error.to_string(), "there are two labels with the key k1");
    }
}

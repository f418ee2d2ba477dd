//! Over what the hostings of a workload are spread.

use crate::LabelKey;

/// The most axes that an intent names.
pub const SPREAD_MAX: usize = 8;

/// What hostings should not share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Axis {
    /// The agent that hosts them.
    Node,
    /// The value that their agents have for this label.
    Label(LabelKey),
}

/// What the hostings of a workload should not share, the most important first. Each axis stands once,
/// and there are at most [`SPREAD_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread(Vec<Axis>);

/// These axes are no spread.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpreadError {
    /// There are too many.
    #[error("there are more than {SPREAD_MAX} labels to spread over")]
    TooMany,
    /// One is named again, where it could mean nothing more.
    #[error("a label to spread over is named twice: {axis:?}")]
    Twice {
        /// The axis.
        axis: Axis,
    },
}

impl Spread {
    /// Takes axes, the most important first.
    ///
    /// # Errors
    ///
    /// Refuses one that comes twice, and to look at more than [`SPREAD_MAX`] of them.
    pub fn new(axes: impl IntoIterator<Item = Axis>) -> Result<Self, SpreadError> {
        let mut taken = Vec::new();
        for axis in axes {
            if taken.len() == SPREAD_MAX {
                return Err(SpreadError::TooMany);
            }
            if taken.contains(&axis) {
                return Err(SpreadError::Twice { axis });
            }
            taken.push(axis);
        }
        Ok(Self(taken))
    }

    /// The axes, the most important first.
    pub fn axes(&self) -> &[Axis] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(number: usize) -> Axis {
        Axis::Label(format!("k{number}").parse().expect("a key"))
    }

    #[test]
    fn keeps_the_order_it_is_given() {
        let axes = [label(2), Axis::Node, label(1)];
        let spread = Spread::new(axes.clone()).expect("each once");
        assert_eq!(spread.axes(), axes);
    }

    #[test]
    fn too_many_and_the_same_again_are_refused() {
        assert_eq!(
            Spread::new([Axis::Node, Axis::Node]),
            Err(SpreadError::Twice { axis: Axis::Node })
        );
        assert_eq!(
            Spread::new((0..=SPREAD_MAX).map(label)),
            Err(SpreadError::TooMany)
        );
        Spread::new((0..SPREAD_MAX).map(label)).expect("as many as there may be");
    }
}

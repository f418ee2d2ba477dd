//! A message with nothing in it, which only has to be there.

use crate::shape::Shape;

/// What may be in it.
pub(crate) const NOTHING: Shape = Shape {
    what: "nothing",
    fields: &[],
};

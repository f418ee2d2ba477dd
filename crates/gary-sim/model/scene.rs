//! What is gone through.

/// A model that is gone through.
#[derive(Debug)]
pub(crate) struct Scene<M> {
    pub(crate) name: &'static str,
    /// Whether that takes seconds; the others take minutes and gigabytes.
    pub(crate) is_small: bool,
    pub(crate) model: M,
}

impl<M> Scene<M> {
    pub(crate) const fn small(name: &'static str, model: M) -> Self {
        let is_small = true;
        Self {
            name,
            is_small,
            model,
        }
    }

    pub(crate) const fn large(name: &'static str, model: M) -> Self {
        let is_small = false;
        Self {
            name,
            is_small,
            model,
        }
    }
}

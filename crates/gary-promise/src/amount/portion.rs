//! What one hosting takes.

use std::fmt;

use super::{Resources, ResourcesError};

/// What one hosting takes of a machine: more than nothing of processor time and of memory.
///
/// What took nothing would fit anywhere without end, and would not be held to anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Portion(Resources);

/// Amounts are no portion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortionError {
    /// One of them is beyond what there is.
    #[error(transparent)]
    Resources(#[from] ResourcesError),
    /// One of them is nothing.
    #[error("a portion of {resources} takes nothing of one of them")]
    Nothing {
        /// The amounts.
        resources: Resources,
    },
}

/// A page of a component's memory. (WebAssembly Core Specification 3.0, "Memory Instances".)
pub const MEMORY_PAGE_BYTES: u64 = 64 << 10;

impl Portion {
    /// An amount of processor time, in millionths of a core, and of memory, in bytes.
    ///
    /// # Errors
    ///
    /// Refuses none of either, and more of either than there is.
    pub fn new(cpu_cores_micro: u64, memory_bytes: u64) -> Result<Self, PortionError> {
        let resources = Resources::new(cpu_cores_micro, memory_bytes)?;
        if cpu_cores_micro == 0 || memory_bytes == 0 {
            return Err(PortionError::Nothing { resources });
        }
        Ok(Self(resources))
    }

    /// As an amount like any other.
    pub const fn resources(self) -> Resources {
        self.0
    }

    /// The same with memory in whole pages, as a component's memory grows; the same as it is where that would be
    /// beyond what there is.
    #[must_use]
    pub fn in_pages(self) -> Self {
        let pages = self.0.memory_bytes().div_ceil(MEMORY_PAGE_BYTES);
        let memory_bytes = pages.saturating_mul(MEMORY_PAGE_BYTES);
        Self::new(self.0.cpu_cores_micro(), memory_bytes).unwrap_or(self)
    }

    /// What both have of each, which is what a binding of the two enforces.
    #[must_use]
    pub fn overlap(self, other: Self) -> Self {
        // More than nothing, as both are.
        Self(self.0.overlap(other.0))
    }
}

impl fmt::Display for Portion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::portions;

    #[test]
    fn takes_something_of_both() {
        for (cpu, memory) in [(0, 0), (1, 0), (0, 1)] {
            let error = Portion::new(cpu, memory).expect_err("it takes nothing of one");
            assert!(matches!(error, PortionError::Nothing { .. }), "{error}");
        }
        assert!(matches!(
            Portion::new(u64::MAX, 1),
            Err(PortionError::Resources(_))
        ));
    }

    #[test]
    fn memory_comes_in_pages() {
        let in_pages = |memory| {
            let portion = Portion::new(7, memory)
                .expect("something of both")
                .in_pages();
            (
                portion.resources().cpu_cores_micro(),
                portion.resources().memory_bytes(),
            )
        };
        assert_eq!(in_pages(1), (7, MEMORY_PAGE_BYTES));
        assert_eq!(in_pages(MEMORY_PAGE_BYTES), (7, MEMORY_PAGE_BYTES));
        assert_eq!(in_pages(MEMORY_PAGE_BYTES + 1), (7, 2 * MEMORY_PAGE_BYTES));
    }

    proptest! {
        #[test]
        fn overlap_never_exceeds_either((a, b) in (portions(), portions())) {
            let overlap = a.overlap(b).resources();
            prop_assert!(a.resources().covers(overlap) && b.resources().covers(overlap));
            prop_assert!(Portion::new(overlap.cpu_cores_micro(), overlap.memory_bytes()).is_ok());
        }
    }
}

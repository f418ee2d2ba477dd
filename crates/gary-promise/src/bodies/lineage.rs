//! Where an intent comes from.

use crate::{Generation, WorkloadId};

/// Whether an intent founds a workload or updates one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lineage {
    /// It founds a workload, whose uid follows from the promise itself.
    Founds,
    /// It takes the place of an earlier intent.
    Updates(Update),
}

/// Which workload an intent updates, and to which generation. Never the first, which founds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Update {
    workload: WorkloadId,
    generation: Generation,
}

/// The first generation of a workload updates nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an intent of the first generation says that it updates workload {workload}")]
pub struct UpdateError {
    /// The workload it says it updates.
    pub workload: WorkloadId,
}

impl Lineage {
    /// The generation of the intent.
    pub const fn generation(&self) -> Generation {
        match self {
            Self::Founds => Generation::FIRST,
            Self::Updates(update) => update.generation,
        }
    }
}

impl Update {
    /// Updates `workload` to `generation`.
    ///
    /// # Errors
    ///
    /// Refuses the first generation.
    pub fn new(workload: WorkloadId, generation: Generation) -> Result<Self, UpdateError> {
        if generation == Generation::FIRST {
            return Err(UpdateError { workload });
        }
        Ok(Self {
            workload,
            generation,
        })
    }

    /// The workload.
    pub const fn workload(&self) -> WorkloadId {
        self.workload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_founds_is_of_the_first_generation() {
        let workload = WorkloadId::from_bytes([1; 16]);
        assert_eq!(Lineage::Founds.generation(), Generation::FIRST);
        Update::new(workload, Generation::FIRST).expect_err("it would update nothing");
        let second = Generation::FIRST.next().expect("there are more");
        let update = Update::new(workload, second).expect("it updates the first");
        assert_eq!(Lineage::Updates(update).generation(), second);
    }
}

//! An amount of processor time and memory.

use std::fmt;

use super::Portion;
use crate::id::Valency;

/// The most processor time there is, in millionths of a core: 4,096 cores.
pub const CPU_CORES_MICRO_MAX: u64 = 4_096_000_000;

/// The most memory there is, in bytes: a pebibyte.
pub const MEMORY_BYTES_MAX: u64 = 1 << 50;

/// An amount of processor time and memory; none is an amount.
///
/// Whole numbers, so that amounts compare and add exactly. Processor time is in millionths of a core,
/// as gary.toml's `cpu` is kept. Neither is ever more than [`CPU_CORES_MICRO_MAX`] or
/// [`MEMORY_BYTES_MAX`]: what an agent says beyond is absurd, and a sum of theirs cannot overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Resources {
    cpu_cores_micro: u64,
    memory_bytes: u64,
}

/// Amounts are beyond what there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourcesError {
    /// There is no such processor.
    #[error("{cores_micro} millionths of a core are more than {CPU_CORES_MICRO_MAX}")]
    Cpu {
        /// How much it should have, in millionths of a core.
        cores_micro: u64,
    },
    /// There is no such memory.
    #[error("{bytes} bytes of memory are more than {MEMORY_BYTES_MAX}")]
    Memory {
        /// How much it should have, in bytes.
        bytes: u64,
    },
}

impl Resources {
    /// Nothing.
    pub const NONE: Self = Self {
        cpu_cores_micro: 0,
        memory_bytes: 0,
    };

    /// An amount of each.
    ///
    /// # Errors
    ///
    /// Refuses more of either than there is.
    pub const fn new(cpu_cores_micro: u64, memory_bytes: u64) -> Result<Self, ResourcesError> {
        if cpu_cores_micro > CPU_CORES_MICRO_MAX {
            return Err(ResourcesError::Cpu {
                cores_micro: cpu_cores_micro,
            });
        }
        if memory_bytes > MEMORY_BYTES_MAX {
            return Err(ResourcesError::Memory {
                bytes: memory_bytes,
            });
        }
        Ok(Self {
            cpu_cores_micro,
            memory_bytes,
        })
    }

    /// Processor time, in millionths of a core.
    pub const fn cpu_cores_micro(self) -> u64 {
        self.cpu_cores_micro
    }

    /// Memory, in bytes.
    pub const fn memory_bytes(self) -> u64 {
        self.memory_bytes
    }

    /// Whether there is at least as much of each here as in `other`. Two amounts may each lack
    /// something of the other, so this is no order that sorts.
    pub const fn covers(self, other: Self) -> bool {
        self.cpu_cores_micro >= other.cpu_cores_micro && self.memory_bytes >= other.memory_bytes
    }

    /// What both have of each: the most that either covers.
    #[must_use]
    pub fn overlap(self, other: Self) -> Self {
        Self {
            cpu_cores_micro: self.cpu_cores_micro.min(other.cpu_cores_micro),
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
        }
    }

    /// Both together; `None` where that is more than there is.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        Self::new(
            self.cpu_cores_micro + other.cpu_cores_micro,
            self.memory_bytes + other.memory_bytes,
        )
        .ok()
    }

    /// What is left when `other` is taken away; `None` where it is not covered.
    #[must_use]
    pub const fn minus(self, other: Self) -> Option<Self> {
        if !self.covers(other) {
            return None;
        }
        Some(Self {
            cpu_cores_micro: self.cpu_cores_micro - other.cpu_cores_micro,
            memory_bytes: self.memory_bytes - other.memory_bytes,
        })
    }

    /// How many portions of this size fit at once.
    pub fn valency_for(self, portion: Portion) -> Valency {
        let each = portion.resources();
        // A portion has more than nothing of both.
        let by_cpu = self.cpu_cores_micro / each.cpu_cores_micro;
        let by_memory = self.memory_bytes / each.memory_bytes;
        Valency::saturating(by_cpu.min(by_memory))
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = self.cpu_cores_micro as f64 / 1e6;
        let noun = if self.cpu_cores_micro == 1_000_000 {
            "core"
        } else {
            "cores"
        };
        write!(f, "{cores} {noun} and {}", Bytes(self.memory_bytes))
    }
}

/// A number of bytes, in the largest unit of which it is a whole number.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        let mut whole = units
            .iter()
            .filter(|(size, _)| self.0.is_multiple_of(*size));
        match whole.next() {
            Some((size, unit)) if self.0 > 0 => write!(f, "{} {unit}", self.0 / size),
            _ => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{portions, resources};

    #[test]
    fn absurd_amounts_are_refused() {
        for (cpu, memory, why) in [
            (
                u64::MAX,
                0,
                "18446744073709551615 millionths of a core are more than 4096000000",
            ),
            (
                0,
                MEMORY_BYTES_MAX + 1,
                "1125899906842625 bytes of memory are more than 1125899906842624",
            ),
        ] {
            let error = Resources::new(cpu, memory).expect_err("absurd");
            assert_eq!(error.to_string(), why);
        }
    }

    #[test]
    fn amounts_read_in_the_largest_whole_unit() {
        for (cpu, memory, shown) in [
            (500_000, 64 << 20, "0.5 cores and 64 MiB"),
            (1_000_000, 2 << 30, "1 core and 2 GiB"),
            (1, 65 << 10, "0.000001 cores and 65 KiB"),
            (0, 0, "0 cores and 0 bytes"),
            (4_000_000, (1 << 30) + 1, "4 cores and 1073741825 bytes"),
        ] {
            let resources = Resources::new(cpu, memory).expect("not absurd");
            assert_eq!(resources.to_string(), shown);
        }
    }

    proptest! {
        #[test]
        fn overlap_is_the_most_that_both_cover(
            (a, b, other) in (resources(), resources(), resources()),
        ) {
            let overlap = a.overlap(b);
            prop_assert!(a.covers(overlap) && b.covers(overlap));
            let below_both = a.covers(other) && b.covers(other);
            prop_assert_eq!(overlap.covers(other), below_both);
        }

        #[test]
        fn overlap_is_of_both_in_any_order(
            (a, b, c) in (resources(), resources(), resources()),
        ) {
            prop_assert_eq!(a.overlap(b), b.overlap(a));
            prop_assert_eq!(a.overlap(b).overlap(c), a.overlap(b.overlap(c)));
            prop_assert_eq!(a.overlap(a), a);
        }

        #[test]
        fn what_is_taken_away_can_be_added_again((a, b) in (resources(), resources())) {
            match a.minus(b) {
                Some(rest) => prop_assert_eq!(rest.plus(b), Some(a)),
                None => prop_assert!(!a.covers(b)),
            }
            if let Some(sum) = a.plus(b) {
                prop_assert_eq!(sum.minus(b), Some(a));
                prop_assert!(sum.covers(a) && sum.covers(b));
            }
        }

        #[test]
        fn valency_fits_and_one_more_does_not((room, portion) in (resources(), portions())) {
            let each = portion.resources();
            let valency = u64::from(room.valency_for(portion).get());
            let holds = |count: u64| {
                each.cpu_cores_micro * count <= room.cpu_cores_micro
                    && each.memory_bytes * count <= room.memory_bytes
            };
            prop_assert!(holds(valency));
            prop_assert!(!holds(valency + 1) || valency == u64::from(crate::VALENCY_MAX));
        }
    }
}

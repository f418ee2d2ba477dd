//! What the tests of this crate are made of.

use proptest::prelude::*;

use crate::{CPU_CORES_MICRO_MAX, MEMORY_BYTES_MAX, Portion, Resources};

/// Amounts of all magnitudes, none included.
pub(crate) fn resources() -> impl Strategy<Value = Resources> {
    (amounts(CPU_CORES_MICRO_MAX), amounts(MEMORY_BYTES_MAX))
        .prop_map(|(cpu, memory)| Resources::new(cpu, memory).expect("not absurd"))
}

/// Portions of all magnitudes.
pub(crate) fn portions() -> impl Strategy<Value = Portion> {
    (amounts(CPU_CORES_MICRO_MAX), amounts(MEMORY_BYTES_MAX)).prop_map(|(cpu, memory)| {
        Portion::new(cpu.max(1), memory.max(1)).expect("something of both")
    })
}

fn amounts(max: u64) -> impl Strategy<Value = u64> {
    prop_oneof![0..8_u64, 0..=1_000_000_u64, 0..=max]
}

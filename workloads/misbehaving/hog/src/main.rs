//! A command that takes memory until it is told no, and prints how far it came. It writes to what
//! it takes; with `grow` it only grows its linear memory. A number is the MiB to stop at.

use std::hint::black_box;

const MIB: usize = 1024 * 1024;
const PAGE_BYTES: usize = 64 * 1024;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mib_max = args
        .iter()
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(usize::MAX);
    if args.iter().any(|arg| arg == "grow") {
        println!("grew to {} MiB", grow(mib_max));
    } else {
        println!("allocated {} MiB", allocate(mib_max));
    }
}

/// Allocates MiB by MiB and returns how many it got.
fn allocate(mib_max: usize) -> usize {
    let mut held: Vec<Vec<u8>> = Vec::new();
    while held.len() < mib_max {
        let mut chunk = Vec::new();
        // The list that holds the chunks grows as well, and is told no in the same way.
        if held.try_reserve(1).is_err() || chunk.try_reserve_exact(MIB).is_err() {
            break;
        }
        chunk.resize(MIB, 0xa5);
        held.push(black_box(chunk));
    }
    held.len()
}

/// Grows the linear memory MiB by MiB, untouched, and returns its size in MiB.
fn grow(mib_max: usize) -> usize {
    let size_mib = || core::arch::wasm32::memory_size(0) / (MIB / PAGE_BYTES);
    while size_mib() < mib_max {
        if core::arch::wasm32::memory_grow(0, MIB / PAGE_BYTES) == usize::MAX {
            break;
        }
    }
    size_mib()
}

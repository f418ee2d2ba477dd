//! A command that keeps the processor: for ever and without one host call, or with `ms N` for that
//! long.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Rounds between two looks at the clock, which is a host call.
const ROUNDS_PER_LOOK: u32 = 100_000;

fn main() {
    let mut args = std::env::args().skip(1);
    match (
        args.next().as_deref(),
        args.next().and_then(|ms| ms.parse().ok()),
    ) {
        (Some("ms"), Some(ms)) => burn(Duration::from_millis(ms)),
        _ => spin(),
    }
}

#[inline(never)]
fn spin() -> ! {
    let mut rounds: u64 = 0;
    loop {
        rounds = black_box(rounds).wrapping_add(1);
    }
}

fn burn(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        for round in 0..ROUNDS_PER_LOOK {
            black_box(round);
        }
    }
}

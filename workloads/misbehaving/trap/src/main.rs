//! A command that traps in the way its argument names: `unreachable`, `oob`, `stack`, `div` or
//! `panic`.

use std::hint::black_box;

fn main() {
    let way = std::env::args().nth(1).unwrap_or_default();
    match way.as_str() {
        "unreachable" => unreachable(),
        "oob" => out_of_bounds(),
        "stack" => println!("{}", deeper(black_box(0))),
        "div" => println!("{}", divide_by(black_box(0))),
        "panic" => panic!("asked to panic"),
        _ => {
            eprintln!("usage: trap unreachable|oob|stack|div|panic");
            std::process::exit(2);
        }
    }
}

#[inline(never)]
fn unreachable() -> ! {
    core::arch::wasm32::unreachable()
}

#[inline(never)]
fn out_of_bounds() {
    let address = black_box(0xffff_fff0_usize) as *const u8;
    // SAFETY: none; the load is past the end of the linear memory, and its trap is the purpose.
    let byte = unsafe { address.read_volatile() };
    println!("{byte}");
}

/// Recurses without an end. It keeps nothing in linear memory, so that it is the call stack that
/// runs out and not the shadow stack.
#[inline(never)]
fn deeper(depth: u32) -> u32 {
    if depth == u32::MAX {
        0
    } else {
        deeper(depth + 1).wrapping_mul(31) ^ depth
    }
}

#[inline(never)]
fn divide_by(divisor: u32) -> u32 {
    // SAFETY: none; without this promise Rust checks the divisor and panics, and the trap of the
    // division itself is the purpose.
    unsafe { std::hint::assert_unchecked(divisor != 0) };
    black_box(1) / divisor
}

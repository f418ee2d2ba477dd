//! An HTTP guest that keeps the processor: `/spin` for ever, `/burn?ms=` for that long. `/` answers
//! at once.

use std::hint::black_box;
use std::time::{Duration, Instant};

use http02::{IncomingRequest, ResponseOutparam, Target, reply};

wasip2::http::proxy::export!(Guest);

/// Rounds between two looks at the clock, which is a host call.
const ROUNDS_PER_LOOK: u32 = 100_000;

struct Guest;

impl wasip2::exports::http::incoming_handler::Guest for Guest {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = Target::of(&request);
        match target.path() {
            "/" => reply(out, 200, "hello from gary\n"),
            "/spin" => spin(),
            "/burn" => {
                let ms = target.number("ms", 100);
                burn(Duration::from_millis(ms));
                reply(out, 200, &format!("burned {ms} ms\n"));
            }
            _ => reply(out, 404, "not found\n"),
        }
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

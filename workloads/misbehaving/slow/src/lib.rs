//! An HTTP guest that waits: `/?ms=` before it answers, `/drip?n=&ms=` before each of `n` chunks.
//! It waits by the clock and keeps no processor. With `mib=` it holds so much memory meanwhile.

use http02::{IncomingRequest, Response, ResponseOutparam, Target, reply, sleep_ms};

wasip2::http::proxy::export!(Guest);

struct Guest;

impl wasip2::exports::http::incoming_handler::Guest for Guest {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = Target::of(&request);
        let ms = target.number("ms", 100);
        // Written to, so that nothing of it is optimised away.
        let held = vec![1_u8; (target.number("mib", 0) as usize) << 20];
        match target.path() {
            "/" => {
                sleep_ms(ms);
                reply(out, 200, &format!("waited {ms} ms\n"));
            }
            "/drip" => drip(out, target.number("n", 10), ms),
            _ => reply(out, 404, "not found\n"),
        }
        std::hint::black_box(held);
    }
}

fn drip(out: ResponseOutparam, chunks: u64, ms: u64) {
    let mut response = Response::begin(out, 200, &[("content-type", b"text/plain")]);
    for chunk in 1..=chunks {
        sleep_ms(ms);
        if response.write(format!("{chunk}\n").as_bytes()).is_err() {
            // The client went away.
            return;
        }
    }
    response.end(None);
}

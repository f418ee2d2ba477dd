//! An HTTP guest that breaks off: `/trap` before it answers, `/late` in the middle of the body,
//! `/none` by returning without an answer. `/` answers.

use http02::{IncomingRequest, Response, ResponseOutparam, Target, reply, sleep_ms};

wasip2::http::proxy::export!(Guest);

struct Guest;

impl wasip2::exports::http::incoming_handler::Guest for Guest {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        match Target::of(&request).path() {
            "/" => reply(out, 200, "hello from gary\n"),
            "/trap" => panic!("asked to trap"),
            "/late" => late(out),
            "/none" => drop(out),
            _ => reply(out, 404, "not found\n"),
        }
    }
}

/// Promises ten bytes, sends five and traps.
fn late(out: ResponseOutparam) {
    let mut response = Response::begin(out, 200, &[("content-length", b"10")]);
    let _ = response.write(b"12345");
    // Time for the five bytes to leave: a host drops what it has not sent when the guest traps.
    sleep_ms(100);
    panic!("asked to trap in the middle of the body");
}

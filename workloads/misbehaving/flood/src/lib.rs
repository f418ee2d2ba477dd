//! An HTTP guest that answers with more than was asked for: `/?mb=N` streams N MiB.

use http02::{IncomingRequest, Response, ResponseOutparam, Target};

wasip2::http::proxy::export!(Guest);

const CHUNK_BYTES: usize = 64 * 1024;
const CHUNKS_PER_MIB: u64 = 16;

struct Guest;

impl wasip2::exports::http::incoming_handler::Guest for Guest {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let mib = Target::of(&request).number("mb", 1);
        let chunk = vec![b'x'; CHUNK_BYTES];
        let mut response = Response::begin(out, 200, &[("content-type", b"text/plain")]);
        for _ in 0..mib.saturating_mul(CHUNKS_PER_MIB) {
            if response.write(&chunk).is_err() {
                // The client went away.
                return;
            }
        }
        response.end(None);
    }
}

//! An HTTP guest that imports `acme:missing/thing@1.2.0`, which no host has.

use http02::{IncomingRequest, ResponseOutparam, reply};

wit_bindgen::generate!({ path: "../wit/needs-more.wit", world: "needs-more" });

wasip2::http::proxy::export!(Guest);

struct Guest;

impl wasip2::exports::http::incoming_handler::Guest for Guest {
    fn handle(_request: IncomingRequest, out: ResponseOutparam) {
        reply(out, 200, &acme::missing::thing::ask("are you there?"));
    }
}

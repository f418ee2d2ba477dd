//! A `wasi:http` 0.3 guest: one instance may serve many requests, one after the other or at once,
//! and `/count` shows it.

use std::sync::atomic::{AtomicU64, Ordering};

use wasip3::clocks::monotonic_clock;
use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::{wit_bindgen, wit_future, wit_stream};

wasip3::http::service::export!(Guest);

/// Requests to `/count` that this instance has seen.
static COUNT: AtomicU64 = AtomicU64::new(0);

struct Guest;

impl wasip3::exports::http::handler::Guest for Guest {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let whole = request.get_path_with_query().unwrap_or_default();
        let (path, query) = whole.split_once('?').unwrap_or((&whole, ""));
        match path {
            "/" => Ok(text(200, "hello from gary\n".to_owned())),
            "/echo" => Ok(echo(request)),
            "/count" => Ok(text(
                200,
                format!("{}\n", COUNT.fetch_add(1, Ordering::Relaxed) + 1),
            )),
            "/slow" => Ok(slow(query).await),
            "/trap" => panic!("asked to trap"),
            _ => Ok(text(404, "not found\n".to_owned())),
        }
    }
}

/// Answers after `ms` of the monotonic clock; other requests of this instance go on meanwhile.
async fn slow(query: &str) -> Response {
    let ms = query
        .strip_prefix("ms=")
        .and_then(|ms| ms.parse().ok())
        .unwrap_or(100_u64);
    monotonic_clock::wait_for(ms.saturating_mul(1_000_000)).await;
    text(200, format!("waited {ms} ms\n"))
}

/// Hands the request's body and trailers on as the response's, so that no byte passes through the
/// guest's memory.
fn echo(request: Request) -> Response {
    let headers = Fields::new();
    let asked = request.get_headers();
    // HTTP/1.1 sends only trailers that a `trailer` header announced.
    for name in ["content-type", "trailer"] {
        for value in asked.get(name) {
            let _ = headers.append(name, &value);
        }
    }
    drop(asked);

    let (received, received_result) = wit_future::new(|| Ok(()));
    drop(received);
    let (body, trailers) = Request::consume_body(request, received_result);
    Response::new(headers, Some(body), trailers).0
}

fn text(status: u16, text: String) -> Response {
    let headers = Fields::new();
    let _ = headers.append("content-type", b"text/plain");
    let (mut body, body_reader) = wit_stream::new();
    let (trailers, trailers_reader) = wit_future::new(|| Ok(None));
    drop(trailers);

    let (response, _) = Response::new(headers, Some(body_reader), trailers_reader);
    let _ = response.set_status_code(status);
    wit_bindgen::spawn_local(async move {
        // What the client did not wait for comes back, and there is nobody to tell.
        let _ = body.write_all(text.into_bytes()).await;
    });
    response
}

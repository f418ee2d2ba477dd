//! A small `wasi:http` 0.2 guest, and the one that benchmarks measure: `/` does the least that an
//! answer takes. `/env`, `/headers`, `/echo` and `/length` show what the guest sees.

use http02::{Response, reply};
use wasip2::cli::environment;
use wasip2::http::types::{
    Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::io::streams::StreamError;

wasip2::http::proxy::export!(Guest);

const HELLO: &[u8] = b"hello from gary\n";
const CHUNK_BYTES: u64 = 64 * 1024;

struct Guest;

impl wasip2::exports::http::incoming_handler::Guest for Guest {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        match target.split('?').next().unwrap_or_default() {
            "/" => hello(out),
            "/env" => env(out),
            "/headers" => headers(&request, out),
            "/echo" => echo(&request, out),
            "/length" => length(&request, out),
            _ => reply(out, 404, "not found\n"),
        }
    }
}

fn hello(out: ResponseOutparam) {
    let fields = Fields::new();
    let _ = fields.append("content-type", b"text/plain");
    let response = OutgoingResponse::new(fields);
    let body = response
        .body()
        .expect("the first body of a response is there to take");
    let stream = body
        .write()
        .expect("the first stream of a body is there to take");

    // What is written before the head goes out can leave in one packet with it, and no wait is
    // needed. A host need not have room that early.
    let early = stream
        .check_write()
        .is_ok_and(|room| room >= HELLO.len() as u64);
    if early {
        let _ = stream.write(HELLO);
    }
    ResponseOutparam::set(out, Ok(response));
    if !early {
        let _ = stream.blocking_write_and_flush(HELLO);
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

/// The environment, one `NAME=value` a line, sorted.
fn env(out: ResponseOutparam) {
    let mut lines: Vec<String> = environment::get_environment()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    lines.sort();
    reply(out, 200, &lines.concat());
}

/// The request's line and its headers, one `name: value` a line, as the guest sees them.
fn headers(request: &IncomingRequest, out: ResponseOutparam) {
    let mut text = format!(
        "{} {}\n",
        method(request),
        request.path_with_query().unwrap_or_default()
    );
    if let Some(authority) = request.authority() {
        text.push_str(&format!(":authority: {authority}\n"));
    }
    for (name, value) in request.headers().entries() {
        text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(&value)));
    }
    reply(out, 200, &text);
}

/// The request's body, streamed back as it comes in, and its trailers after it.
fn echo(request: &IncomingRequest, out: ResponseOutparam) {
    // HTTP/1.1 sends only trailers that a `trailer` header announced.
    let kept = ["content-type", "trailer"];
    let headers: Vec<(String, Vec<u8>)> = request
        .headers()
        .entries()
        .into_iter()
        .filter(|(name, _)| kept.contains(&name.to_ascii_lowercase().as_str()))
        .collect();
    let headers: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .collect();

    let body = request.consume().expect("nothing took the body before");
    let response = Response::begin(out, 200, &headers);
    let input = body.stream().expect("nothing took the stream before");
    let copied = response.splice(&input);
    drop(input);
    if copied.is_err() {
        // The body stays unfinished, and the client sees that it is cut short.
        return;
    }

    let trailers = IncomingBody::finish(body);
    trailers.subscribe().block();
    let trailers = trailers
        .get()
        .and_then(Result::ok)
        .and_then(Result::ok)
        .flatten();
    response.end(trailers.map(|fields| fields.clone()));
}

/// The length of the request's body, read whole before the answer begins.
fn length(request: &IncomingRequest, out: ResponseOutparam) {
    let body = request.consume().expect("nothing took the body before");
    let input = body.stream().expect("nothing took the stream before");
    let mut bytes = 0;
    loop {
        match input.blocking_skip(CHUNK_BYTES) {
            Ok(skipped) => bytes += skipped,
            Err(StreamError::Closed) => return reply(out, 200, &format!("{bytes}\n")),
            // Without an answer from here the host says why there was no more.
            Err(_) => return,
        }
    }
}

fn method(request: &IncomingRequest) -> String {
    match request.method() {
        Method::Get => "GET".to_owned(),
        Method::Head => "HEAD".to_owned(),
        Method::Post => "POST".to_owned(),
        Method::Put => "PUT".to_owned(),
        Method::Delete => "DELETE".to_owned(),
        Method::Connect => "CONNECT".to_owned(),
        Method::Options => "OPTIONS".to_owned(),
        Method::Trace => "TRACE".to_owned(),
        Method::Patch => "PATCH".to_owned(),
        Method::Other(name) => name,
    }
}

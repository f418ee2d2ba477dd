//! What the `wasi:http` 0.2 guests share: the target of a request, and the writing of a response.
//!
//! A client may go away at any time, so writing to it reports that and never traps.

use std::io::{self, Write};

use wasip2::clocks::monotonic_clock;
use wasip2::http::types::{Fields, OutgoingBody, OutgoingResponse};
pub use wasip2::http::types::{IncomingRequest, ResponseOutparam};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

const SPLICE_BYTES_MAX: u64 = 64 * 1024;

/// The path and the query of a request.
pub struct Target {
    path: String,
    query: Vec<(String, String)>,
}

impl Target {
    /// Reads the target of `request`.
    pub fn of(request: &IncomingRequest) -> Self {
        let whole = request.path_with_query().unwrap_or_default();
        let (path, query) = whole.split_once('?').unwrap_or((&whole, ""));
        let query = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (name.to_owned(), decode(&value.replace('+', " "))))
            .collect();
        Self {
            path: path.to_owned(),
            query,
        }
    }

    /// The path as it was sent, with its percent signs.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The first value of a query parameter, decoded.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A query parameter as a number; `default` where it is absent or not a number.
    pub fn number(&self, name: &str, default: u64) -> u64 {
        self.text(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    }
}

/// Undoes percent-encoding; what is not valid encoding stays as it is.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// A response whose head is sent and whose body is being written.
pub struct Response {
    // Dropped in this order: a body that goes before its stream is a trap.
    stream: OutputStream,
    body: OutgoingBody,
}

impl Response {
    /// Sends the head. Headers that are not legal are left out.
    pub fn begin(out: ResponseOutparam, status: u16, headers: &[(&str, &[u8])]) -> Self {
        let fields = Fields::new();
        for (name, value) in headers {
            let _ = fields.append(name, value);
        }
        let response = OutgoingResponse::new(fields);
        let _ = response.set_status_code(status);
        let body = response
            .body()
            .expect("the first body of a response is there to take");
        ResponseOutparam::set(out, Ok(response));
        let stream = body
            .write()
            .expect("the first stream of a body is there to take");
        Self { stream, body }
    }

    /// Writes the bytes and waits until the host took them.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.blocking_flush().map_err(io::Error::other)
    }

    /// Copies `input` to its end without passing the bytes through the guest's memory.
    pub fn splice(&self, input: &InputStream) -> Result<(), StreamError> {
        loop {
            match self.stream.blocking_splice(input, SPLICE_BYTES_MAX) {
                Ok(_) => {}
                Err(StreamError::Closed) => return self.stream.blocking_flush(),
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends the body, with trailers if there are any.
    pub fn end(self, trailers: Option<Fields>) {
        drop(self.stream);
        let _ = OutgoingBody::finish(self.body, trailers);
    }
}

/// Answers with a short text.
pub fn reply(out: ResponseOutparam, status: u16, text: &str) {
    let mut response = Response::begin(out, status, &[("content-type", b"text/plain")]);
    let _ = response.write(text.as_bytes());
    response.end(None);
}

/// Waits by the monotonic clock.
pub fn sleep_ms(duration_ms: u64) {
    monotonic_clock::subscribe_duration(duration_ms.saturating_mul(1_000_000)).block();
}

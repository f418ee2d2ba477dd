//! An outbound proxy: `/?url=http://...` fetches the address and streams the answer back with its
//! status. Where there is no answer it replies 502 and the reason in words.

use http02::{IncomingRequest, Response, ResponseOutparam, Target, reply};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, IncomingResponse, OutgoingRequest, Scheme};

wasip2::http::proxy::export!(Guest);

struct Guest;

impl wasip2::exports::http::incoming_handler::Guest for Guest {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = Target::of(&request);
        let Some(outgoing) = target.text("url").and_then(outgoing) else {
            return reply(out, 400, "usage: /?url=http://HOST/PATH\n");
        };
        match fetch(outgoing) {
            Ok(response) => forward(response, out),
            Err(error) => reply(out, 502, &format!("{}\n", words(&error))),
        }
    }
}

/// A GET request for this address; `None` where it is not one of http or https.
fn outgoing(url: &str) -> Option<OutgoingRequest> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return None,
    };
    let (authority, path) = rest
        .find(['/', '?'])
        .map_or((rest, ""), |at| rest.split_at(at));
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };

    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some(&path)).ok()?;
    Some(request)
}

fn fetch(request: OutgoingRequest) -> Result<IncomingResponse, ErrorCode> {
    let pending = outgoing_handler::handle(request, None)?;
    pending.subscribe().block();
    let answer = pending.get().expect("the wait for it is over");
    answer.expect("nothing took the answer before")
}

fn forward(incoming: IncomingResponse, out: ResponseOutparam) {
    let types = incoming.headers().get("content-type");
    let headers: Vec<(&str, &[u8])> = types
        .iter()
        .map(|value| ("content-type", value.as_slice()))
        .collect();
    let response = Response::begin(out, incoming.status(), &headers);

    let body = incoming.consume().expect("nothing took the body before");
    let input = body.stream().expect("nothing took the stream before");
    if response.splice(&input).is_ok() {
        response.end(None);
    }
}

/// `ErrorCode::ConnectionRefused` as "connection refused", and behind a colon the reason where the
/// code carries one as text.
fn words(error: &ErrorCode) -> String {
    let code = format!("{error:?}");
    let code = code.strip_prefix("ErrorCode::").unwrap_or(&code);
    let name = code.split('(').next().unwrap_or_default();
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && words.ends_with(|last: char| last.is_ascii_lowercase()) {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    let reason = match error {
        ErrorCode::DnsError(payload) => payload.rcode.as_deref(),
        ErrorCode::InternalError(reason) => reason.as_deref(),
        _ => None,
    };
    match reason {
        Some(reason) => format!("{words}: {reason}"),
        None => words,
    }
}

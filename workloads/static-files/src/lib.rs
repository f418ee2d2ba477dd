//! A static file server: it serves what lies below the preopened directory `/public`, and for a
//! directory its `index.html`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use http02::{IncomingRequest, Response, ResponseOutparam, Target, decode, reply};
use wasip2::http::types::Method;

wasip2::http::proxy::export!(Guest);

const ROOT: &str = "/public";
const CHUNK_BYTES: usize = 64 * 1024;

struct Guest;

impl wasip2::exports::http::incoming_handler::Guest for Guest {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        if !matches!(request.method(), Method::Get | Method::Head) {
            return reply(out, 405, "only GET and HEAD\n");
        }
        match open(Target::of(&request).path()) {
            Some((path, file)) => send(out, &path, file),
            None => reply(out, 404, "not found\n"),
        }
    }
}

/// The file that a request's path names, if it is one below the root.
fn open(path: &str) -> Option<(PathBuf, File)> {
    let mut file = PathBuf::from(ROOT);
    for part in decode(path).split('/').filter(|part| !part.is_empty()) {
        // A part that goes up, or that hides a separator, names nothing here. The host would not
        // let it out of /public either.
        if part == "." || part == ".." || part.contains(['\\', '\0']) {
            return None;
        }
        file.push(part);
    }
    if file.is_dir() {
        file.push("index.html");
    }
    let opened = File::open(&file).ok()?;
    opened.metadata().ok()?.is_file().then_some((file, opened))
}

fn send(out: ResponseOutparam, path: &Path, mut file: File) {
    let Ok(length) = file.metadata().map(|metadata| metadata.len().to_string()) else {
        return reply(out, 500, "cannot read the file\n");
    };
    let headers = [
        ("content-type", content_type(path).as_bytes()),
        ("content-length", length.as_bytes()),
    ];
    let mut response = Response::begin(out, 200, &headers);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return response.end(None),
            // Where the file cannot be read on or the client went away, the body stays unfinished.
            Err(_) => return,
            Ok(length) => {
                if response.write(&chunk[..length]).is_err() {
                    return;
                }
            }
        }
    }
}

fn content_type(path: &Path) -> &'static str {
    match path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
    {
        "css" => "text/css; charset=utf-8",
        "gif" => "image/gif",
        "htm" | "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "jpeg" | "jpg" => "image/jpeg",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "md" | "txt" => "text/plain; charset=utf-8",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}

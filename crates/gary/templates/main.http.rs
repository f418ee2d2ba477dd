use wstd::http::{Body, Error, Request, Response};

/// Answers every request; a fresh instance of this component serves each.
#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    let text = format!("hello from NAME, you asked for {}\n", request.uri().path());
    Ok(Response::new(text.into()))
}

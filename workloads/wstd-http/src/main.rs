//! An HTTP guest written with wstd: `/` answers, `/echo` sends the body back, `/slow?ms=` waits.

use wstd::http::{Body, Error, Request, Response, StatusCode};
use wstd::time::Duration;

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    match request.uri().path() {
        "/" => Ok(Response::new("hello from wstd\n".to_owned().into())),
        "/echo" => Ok(Response::new(request.into_body())),
        "/slow" => {
            let query = request.uri().query().unwrap_or_default();
            let ms = query
                .strip_prefix("ms=")
                .and_then(|ms| ms.parse().ok())
                .unwrap_or(100);
            wstd::task::sleep(Duration::from_millis(ms)).await;
            Ok(Response::new(format!("waited {ms} ms\n").into()))
        }
        _ => {
            let mut response = Response::new("not found\n".to_owned().into());
            *response.status_mut() = StatusCode::NOT_FOUND;
            Ok(response)
        }
    }
}

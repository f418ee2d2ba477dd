//! An HTTP client that shows what came of a request, down to trailers and broken bodies.

use std::net::SocketAddr;
use std::pin::Pin;

use ::http::{HeaderMap, Method, StatusCode};
use futures::channel::mpsc::{self, UnboundedSender};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::WAIT_MAX;

type Body = UnsyncBoxBody<Bytes, hyper::Error>;
pub(crate) type Request = ::http::Request<Body>;

/// A connection that takes one request after another.
pub(crate) struct Client {
    addr: SocketAddr,
    sender: Sender,
}

enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

/// A response, and how much of it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
    /// Why the body broke off, if it did.
    pub(crate) broken: Option<String>,
}

impl Client {
    /// A connection that speaks HTTP/1.1.
    pub(crate) async fn http1(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.expect("it serves");
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .expect("it speaks HTTP");
        tokio::spawn(connection);
        let sender = Sender::Http1(sender);
        Self { addr, sender }
    }

    /// A connection that speaks HTTP/2 from its first byte on, as both sides know beforehand.
    pub(crate) async fn http2(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.expect("it serves");
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("it speaks HTTP/2");
        tokio::spawn(connection);
        let sender = Sender::Http2(sender);
        Self { addr, sender }
    }

    /// Sends a request and waits for the head of its response.
    pub(crate) async fn begin(&mut self, request: Request) -> ::http::Response<Incoming> {
        self.try_begin(request).await.expect("it answers")
    }

    async fn try_begin(&mut self, request: Request) -> hyper::Result<::http::Response<Incoming>> {
        let (mut head, body) = request.into_parts();
        let sent: Pin<Box<dyn Future<Output = _>>> = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await.expect("the connection lives");
                let host = self
                    .addr
                    .to_string()
                    .parse()
                    .expect("an address is a header");
                head.headers.entry("host").or_insert(host);
                Box::pin(sender.send_request(::http::Request::from_parts(head, body)))
            }
            Sender::Http2(sender) => {
                sender.ready().await.expect("the connection lives");
                let uri = format!("http://{}{}", self.addr, head.uri);
                head.uri = uri.parse().expect("it is a URI");
                Box::pin(sender.send_request(::http::Request::from_parts(head, body)))
            }
        };
        timeout(WAIT_MAX, sent).await.expect("it answers in time")
    }

    /// Sends a request and takes all of its response.
    pub(crate) async fn ask(&mut self, request: Request) -> Answer {
        Answer::of(self.begin(request).await).await
    }

    /// Sends a request over a connection of its own.
    pub(crate) fn ask_once(addr: SocketAddr, request: Request) -> Answer {
        Self::try_once(addr, request).expect("it answers")
    }

    /// Sends a request whose answer may not even begin.
    pub(crate) fn try_once(addr: SocketAddr, request: Request) -> Result<Answer, String> {
        runtime().block_on(async {
            let begun = Self::http1(addr).await.try_begin(request).await;
            Ok(Answer::of(begun.map_err(|error| error.to_string())?).await)
        })
    }
}

impl Answer {
    async fn of(response: ::http::Response<Incoming>) -> Self {
        let (head, mut body) = response.into_parts();
        let mut answer = Self {
            status: head.status,
            headers: head.headers,
            body: Vec::new(),
            trailers: None,
            broken: None,
        };
        while let Some(frame) = timeout(WAIT_MAX, body.frame())
            .await
            .expect("the body goes on")
        {
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    answer.broken = Some(error.to_string());
                    break;
                }
            };
            match frame.into_data() {
                Ok(data) => answer.body.extend_from_slice(&data),
                Err(frame) => answer.trailers = frame.into_trailers().ok(),
            }
        }
        answer
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// Asserts a whole response with this status and body.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, text: &str) {
        assert_eq!(
            (self.status.as_u16(), self.text()),
            (status, text),
            "{self:?}"
        );
        assert_eq!(self.broken, None, "{self:?}");
    }
}

/// A GET request.
pub(crate) fn get(path: &str) -> Request {
    request(Method::GET, path, "")
}

/// A POST request with a body of known length.
pub(crate) fn post(path: &str, content: impl Into<Bytes>) -> Request {
    request(Method::POST, path, content)
}

fn request(method: Method, path: &str, content: impl Into<Bytes>) -> Request {
    let request = ::http::Request::builder().method(method).uri(path);
    request.body(body(content)).expect("the request is legal")
}

/// A body of known length.
pub(crate) fn body(content: impl Into<Bytes>) -> Body {
    Full::new(content.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A body that is sent as the test goes on, and ends when its other side is dropped.
pub(crate) fn streamed() -> (UnboundedSender<Result<Frame<Bytes>, hyper::Error>>, Body) {
    let (sender, receiver) = mpsc::unbounded();
    (sender, StreamBody::new(receiver).boxed_unsync())
}

/// A runtime for one test's own clients.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a thread can be had")
}

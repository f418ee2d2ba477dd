//! One client's connection: which HTTP it speaks, and how long it may keep Gary waiting.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::Sleep;

use super::body::ReplyBody;
use super::quiet::Quiet;
use super::service::{HEAD_BYTES_MAX, HEADERS_MAX, Observer};

/// Time a client has for the head of a request, and a connection may idle for.
const HEAD_WAIT_MAX: Duration = Duration::from_secs(30);
/// Time a client may take none of a response for.
pub(super) const WRITE_STALL_MAX: Duration = Duration::from_secs(30);
const STALLED: &str = "the client took nothing of its response for too long";
/// Requests that one HTTP/2 connection may have under way.
const STREAMS_MAX: u32 = 128;
/// Pause before a look at a connection that has sent only the first bytes of the preface.
const PREFACE_PAUSE: Duration = Duration::from_millis(10);
/// What every HTTP/2 connection starts with (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Whoever answers the requests of a connection.
pub(crate) trait Answers: Send + Sync + 'static {
    /// Who is told of what happens.
    fn observer(&self) -> &Arc<dyn Observer>;

    /// Answers a request, whatever happens.
    ///
    /// Over HTTP/2 `stalled` is told when the client has taken nothing of the response for too long:
    /// there a connection cannot tell by what it writes.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        stalled: Option<Arc<Notify>>,
    ) -> impl Future<Output = Response<ReplyBody>> + Send;
}

/// Serves a client's connection until either side closes it.
///
/// One that has not begun to speak when `stopping` changes has nothing to lose.
pub(crate) async fn serve<A: Answers>(
    stream: TcpStream,
    service: Arc<A>,
    mut stopping: watch::Receiver<()>,
) {
    let observer = service.observer().clone();
    let begun = async {
        tokio::select! {
            is_http2 = speaks_http2(&stream) => is_http2,
            _ = stopping.changed() => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    };
    let is_http2 = match tokio::time::timeout(HEAD_WAIT_MAX, begun).await {
        Ok(Ok(is_http2)) => is_http2,
        Ok(Err(_)) => return,
        Err(_) => return observer.connection("a client connected and sent nothing"),
    };
    speak(stream, is_http2, service, stopping).await;
}

/// Serves a connection of which it is known what it speaks.
pub(crate) async fn speak<A: Answers>(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    is_http2: bool,
    service: Arc<A>,
    mut stopping: watch::Receiver<()>,
) {
    let observer = service.observer().clone();
    let io = Impatient::new(TokioIo::new(stream));
    let served = if is_http2 {
        let (idle, stalled) = (Quiet::default(), Arc::new(Notify::new()));
        idle.begin();
        let answer = service_fn(|request| {
            idle.begin();
            let answer = service.clone().answer(request, Some(stalled.clone()));
            async { Ok::<_, Infallible>(answer.await) }
        });
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(HEAD_BYTES_MAX as u32)
            .keep_alive_interval(HEAD_WAIT_MAX)
            .serve_connection(io, answer);
        // A request that is under way is answered all the same, and for more of them the client
        // opens another connection.
        let end = async {
            tokio::select! {
                _ = stopping.changed() => {}
                () = idle.lasted(HEAD_WAIT_MAX) => {}
            }
        };
        tokio::select! {
            served = until(end, connection, |connection| connection.graceful_shutdown()) => served,
            () = stalled.notified() => return observer.connection(STALLED),
        }
    } else {
        let answer = service_fn(|request| {
            let answer = service.clone().answer(request, None);
            async { Ok::<_, Infallible>(answer.await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WAIT_MAX)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(io, answer);
        let end = async {
            let _ = stopping.changed().await;
        };
        until(end, connection, |connection| connection.graceful_shutdown()).await
    };
    if let Err(error) = served {
        observer.connection(&describe(&error));
    }
}

/// Serves a connection until its client ends it, or until `end`: then what has begun is finished.
async fn until<C>(
    end: impl Future<Output = ()>,
    connection: C,
    close: impl FnOnce(Pin<&mut C>),
) -> C::Output
where
    C: Future,
{
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = end => {}
    }
    close(connection.as_mut());
    connection.await
}

/// Looks at a connection's first bytes without taking them.
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut head = [0; HTTP2_PREFACE.len()];
    loop {
        let seen = stream.peek(&mut head).await?;
        let preface = &HTTP2_PREFACE[..seen];
        if seen == 0 || head[..seen] != *preface {
            return Ok(false);
        }
        // `PRI` is no method of HTTP/1, so its first bytes decide.
        if seen >= 4 {
            return Ok(true);
        }
        // The socket stays readable with what is there, so nothing would wake us for the rest.
        tokio::time::sleep(PREFACE_PAUSE).await;
    }
}

fn describe(error: &hyper::Error) -> String {
    use std::error::Error;
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// A stream that fails when its peer takes nothing for too long. Reads have their own limits: the
/// head's, the body's, and HTTP/2's keep-alive.
struct Impatient<S> {
    stream: TokioIo<S>,
    stall: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Impatient<S> {
    fn new(stream: TokioIo<S>) -> Self {
        Self {
            stream,
            stall: None,
        }
    }

    fn or_stalled<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TokioIo<S>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let written = write(Pin::new(&mut self.stream), cx);
        if written.is_ready() {
            self.stall = None;
            return written;
        }
        let stall = self
            .stall
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_STALL_MAX)));
        ready!(stall.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, STALLED)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Read for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Write for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.or_stalled(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.or_stalled(cx, |stream, cx| stream.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.or_stalled(cx, |stream, cx| stream.poll_shutdown(cx))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.or_stalled(cx, |stream, cx| stream.poll_write_vectored(cx, slices))
    }
}

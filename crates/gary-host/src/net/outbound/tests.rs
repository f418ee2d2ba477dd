//! Requests to servers that a test runs on loopback, under names that a test resolves.

use std::future::pending;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Empty, Full, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::grant::{HostPattern, NetGrant};
use super::super::lookup::LOOKUP_TIMEOUT;
use super::super::lookup::testing::{policy, policy_with, silence};
use super::*;

mod secured;

type Frames = mpsc::UnboundedSender<Frame<Bytes>>;
type ReplyBody = UnsyncBoxBody<Bytes, hyper::Error>;

/// Lets guests reach loopback by its address and as `server.test`.
fn loopback() -> Arc<NetPolicy> {
    policy(&["server.test", "127.0.0.1"], &["127.0.0.1"])
}

fn request(uri: impl AsRef<str>, body: WasiBody) -> Request<WasiBody> {
    Request::get(uri.as_ref()).body(body).unwrap()
}

fn empty() -> WasiBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body that the test writes while it is on its way.
fn written_by_hand() -> (Frames, WasiBody) {
    let (frames, mut written) = mpsc::unbounded_channel();
    let written =
        futures::stream::poll_fn(move |cx| written.poll_recv(cx).map(|frame| frame.map(Ok)));
    (frames, StreamBody::new(written).boxed_unsync())
}

fn data(data: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(data.as_bytes()))
}

async fn next_data(body: &mut WasiBody) -> Bytes {
    body.frame().await.unwrap().unwrap().into_data().unwrap()
}

/// Sends a request as a guest's store would, its connection driven by a task of its own.
async fn send(
    hooks: &HttpHooks,
    request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<(Response<WasiBody>, JoinHandle<Result<(), Error>>), Error> {
    let sending = hooks
        .clone()
        .send_request(request, options, Box::new(async { Ok(()) }));
    let (response, io) = Box::into_pin(sending).await?;
    Ok((response, tokio::spawn(Box::into_pin(io))))
}

async fn refusal(policy: &Arc<NetPolicy>, uri: impl AsRef<str>) -> Error {
    match send(
        &HttpHooks::new(Arc::clone(policy)),
        request(uri, empty()),
        None,
    )
    .await
    {
        Ok((response, _)) => panic!("got {:?}", response.status()),
        Err(err) => err,
    }
}

/// Serves every connection with `handle` until the test ends.
async fn serve<F, R>(handle: F) -> SocketAddr
where
    F: Fn(Request<Incoming>) -> R + Clone + Send + 'static,
    R: Future<Output = Response<ReplyBody>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve_stream(stream, handle.clone()));
        }
    });
    addr
}

async fn serve_stream<F, R>(stream: impl AsyncRead + AsyncWrite + Unpin, handle: F)
where
    F: Fn(Request<Incoming>) -> R,
    R: Future<Output = Response<ReplyBody>>,
{
    let service = service_fn(move |request| {
        let reply = handle(request);
        async { Ok::<_, hyper::Error>(reply.await) }
    });
    // Some tests hang up on the server on purpose.
    let _ = server::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn reply(body: &'static str) -> Response<ReplyBody> {
    Response::new(
        Full::from(body)
            .map_err(|never| match never {})
            .boxed_unsync(),
    )
}

/// An address on which nothing listens, for as long as its socket is held.
fn nobody() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

#[tokio::test]
async fn bodies_stream_both_ways_and_keep_their_trailers() {
    let addr = serve(|request| async {
        let mut response = Response::new(request.into_body().boxed_unsync());
        response
            .headers_mut()
            .insert("trailer", HeaderValue::from_static("x-sum"));
        response
    })
    .await;
    let (frames, body) = written_by_hand();
    let mut request = request(format!("http://server.test:{}/echo?a=b", addr.port()), body);
    *request.method_mut() = http::Method::POST;
    request
        .headers_mut()
        .insert("te", HeaderValue::from_static("trailers"));
    request
        .headers_mut()
        .insert("trailer", HeaderValue::from_static("x-sum"));

    let (response, io) = send(&HttpHooks::new(loopback()), request, None)
        .await
        .unwrap();
    let mut body = response.into_body();
    for word in ["first", "second"] {
        frames.send(data(word)).unwrap();
        assert_eq!(next_data(&mut body).await, word);
    }
    let trailers =
        HeaderMap::from_iter([("x-sum".parse().unwrap(), HeaderValue::from_static("12"))]);
    frames.send(Frame::trailers(trailers.clone())).unwrap();
    drop(frames);
    assert_eq!(
        body.frame()
            .await
            .unwrap()
            .unwrap()
            .into_trailers()
            .unwrap(),
        trailers
    );
    assert!(body.frame().await.is_none());
    io.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_request_line_holds_the_path_alone() {
    let addr = serve(|request| async move {
        assert_eq!(request.uri().scheme(), None);
        assert_eq!(request.uri().authority(), None);
        assert_eq!(request.uri(), "/a?b=c");
        reply("ok")
    })
    .await;
    let request = request(format!("http://{addr}/a?b=c"), empty());
    let (response, _io) = send(&HttpHooks::new(loopback()), request, None)
        .await
        .unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "ok"
    );
}

#[tokio::test]
async fn what_no_grant_covers_is_denied() {
    let (_held, addr) = nobody();
    let granted = NetGrant {
        host: HostPattern::Ip(addr.ip()),
        port: Some(addr.port()),
    };
    let one_port = Arc::new(NetPolicy::new(vec![granted], false, None));
    let other_port = addr.port() ^ 1;
    for (policy, uri) in [
        (policy(&[], &["1.1.1.1"]), "http://1.1.1.1/".to_owned()),
        (policy(&["*"], &["1.1.1.1"]), format!("http://{addr}/")),
        (
            policy(&["*"], &["1.1.1.1"]),
            format!("http://[::ffff:127.0.0.1]:{}/", addr.port()),
        ),
        (loopback(), "http://other.test/".to_owned()),
        (loopback(), "https://[::1]/".to_owned()),
        (one_port, format!("http://127.0.0.1:{other_port}/")),
    ] {
        let err = refusal(&policy, &uri).await;
        assert!(matches!(err, Error::HttpRequestDenied), "{uri}: {err:?}");
    }
}

#[tokio::test]
async fn a_name_rebound_to_loopback_never_gets_there() {
    let addr = serve(|_| async { panic!("the guest got through") }).await;
    for hosts in [&["*"][..], &["server.test"]] {
        let policy = policy(hosts, &["127.0.0.1", "::ffff:127.0.0.1"]);
        let err = refusal(&policy, format!("http://server.test:{}/", addr.port())).await;
        assert!(matches!(err, Error::DestinationIpProhibited), "{err:?}");
    }
}

#[tokio::test]
async fn every_admitted_address_is_tried_and_no_other() {
    let addr = serve(|_| async { reply("ok") }).await;
    let policy = policy(
        &["server.test", "127.0.0.1", "127.0.0.2"],
        &["127.0.0.3", "127.0.0.2", "127.0.0.1"],
    );
    let request = request(format!("http://server.test:{}/", addr.port()), empty());
    let (response, _io) = send(&HttpHooks::new(policy), request, None).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let (_held, addr) = nobody();
    let err = refusal(&loopback(), format!("http://{addr}/")).await;
    let Error::Connect(err) = err else {
        panic!("{err:?}")
    };
    assert_eq!(err.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn connecting_is_given_up_on_in_time() {
    let policy = policy_with(&["server.test"], silence());
    let started = Instant::now();
    assert!(matches!(
        refusal(&policy, "http://server.test/").await,
        Error::DnsTimeout
    ));
    assert_eq!(started.elapsed(), LOOKUP_TIMEOUT);

    let connect_timeout = Some(Duration::from_secs(1));
    let options = RequestOptions {
        connect_timeout,
        ..RequestOptions::default()
    };
    let started = Instant::now();
    let hooks = HttpHooks::new(policy);
    let result = send(
        &hooks,
        request("http://server.test/", empty()),
        Some(options),
    )
    .await;
    assert!(matches!(result, Err(Error::ConnectionTimeout)));
    assert_eq!(started.elapsed(), Duration::from_secs(1));
}

#[tokio::test]
async fn a_server_that_does_not_answer_times_out() {
    let (seen, mut was_seen) = mpsc::unbounded_channel();
    let addr = serve(move |_| {
        seen.send(()).unwrap();
        pending()
    })
    .await;
    let hooks = HttpHooks::new(loopback());
    let request = request(format!("http://{addr}/"), empty());
    let sending = tokio::spawn(async move { send(&hooks, request, None).await.map(|_| ()) });
    was_seen.recv().await.unwrap();
    // From here on nothing happens but time passing.
    tokio::time::pause();
    let result = sending.await.unwrap();
    assert!(
        matches!(result, Err(Error::ConnectionReadTimeout)),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_response_that_stands_still_times_out() {
    let (frames, mut written) = mpsc::unbounded_channel();
    frames.send(data("first")).unwrap();
    let body = futures::stream::poll_fn(move |cx| written.poll_recv(cx).map(|frame| frame.map(Ok)));
    let body = std::sync::Mutex::new(Some(StreamBody::new(body).boxed_unsync()));
    let body = Arc::new(body);
    let addr = serve(move |_| {
        let body = body.lock().unwrap().take().unwrap();
        async { Response::new(body) }
    })
    .await;
    let request = request(format!("http://{addr}/"), empty());
    let (response, _io) = send(&HttpHooks::new(loopback()), request, None)
        .await
        .unwrap();
    let mut body = response.into_body();
    assert_eq!(next_data(&mut body).await, "first");
    tokio::time::pause();
    let stalled = body.frame().await.unwrap();
    assert!(
        matches!(stalled, Err(Error::ConnectionReadTimeout)),
        "{stalled:?}"
    );
    drop(frames);
}

#[tokio::test]
async fn a_server_that_hangs_up_is_a_protocol_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { drop(listener.accept().await.unwrap()) });
    let err = refusal(&loopback(), format!("http://{addr}/")).await;
    assert!(matches!(err, Error::Hyper(_)), "{err:?}");
}

#[tokio::test]
async fn a_response_dropped_early_closes_its_connection() {
    let (gone, is_gone) = oneshot::channel();
    let gone = Arc::new(std::sync::Mutex::new(Some(gone)));
    let addr = serve(move |_| {
        let gone = gone.lock().unwrap().take().unwrap();
        let (frames, mut written) = mpsc::channel(1);
        tokio::spawn(async move {
            while frames.send(Ok(data("more"))).await.is_ok() {}
            gone.send(()).unwrap();
        });
        let body = futures::stream::poll_fn(move |cx| written.poll_recv(cx));
        async { Response::new(StreamBody::new(body).boxed_unsync()) }
    })
    .await;
    let request = request(format!("http://{addr}/"), empty());
    let policy = loopback();
    let places = policy.connections.available_permits();
    let (response, io) = send(&HttpHooks::new(Arc::clone(&policy)), request, None)
        .await
        .unwrap();
    assert_eq!(policy.connections.available_permits(), places - 1);
    let mut body = response.into_body();
    assert!(next_data(&mut body).await.starts_with(b"more"));
    // This is what wasmtime-wasi-http does once the guest lets go of the body.
    drop(body);
    io.abort();
    is_gone.await.unwrap();
    assert!(io.await.unwrap_err().is_cancelled());
    assert_eq!(policy.connections.available_permits(), places);
}

#[tokio::test]
async fn a_request_past_the_limit_of_connections_fails_and_the_next_one_need_not() {
    let addr = serve(|_| async { reply("ok") }).await;
    let policy = loopback();
    let all = u32::try_from(policy.connections.available_permits()).unwrap();
    let taken = policy.connections.try_acquire_many(all).unwrap();
    let err = refusal(&policy, format!("http://{addr}/")).await;
    assert!(matches!(err, Error::ConnectionLimitReached), "{err:?}");
    drop(taken);
    let request = request(format!("http://{addr}/"), empty());
    let (response, io) = send(&HttpHooks::new(Arc::clone(&policy)), request, None)
        .await
        .unwrap();
    response.into_body().collect().await.unwrap();
    io.await.unwrap().unwrap();
    assert_eq!(policy.connections.available_permits(), all as usize);
}

#[test]
fn a_destination_is_read_from_the_authority() {
    for (uri, host, port, tls) in [
        ("http://a.example/x", "a.example", 80, false),
        ("https://a.example", "a.example", 443, true),
        ("https://a.example:8443/", "a.example", 8443, true),
        ("http://[::1]/", "[::1]", 80, false),
        ("http://[::1]:81/", "[::1]", 81, false),
        ("http://127.0.0.1:82/", "127.0.0.1", 82, false),
    ] {
        let destination = Destination::of(&uri.parse().unwrap()).unwrap();
        assert_eq!(
            destination,
            Destination {
                host: host.to_owned(),
                port,
                tls
            },
            "{uri}"
        );
    }
    for uri in [
        "http://user@a.example/",
        "http://user:80@a.example:80/",
        "http://a.example:99999/",
    ] {
        // What http does not even parse cannot arrive.
        let Ok(uri) = uri.parse() else { continue };
        let err = Destination::of(&uri);
        assert!(matches!(err, Err(Error::DnsError { .. })), "{uri}: {err:?}");
    }
    let no_authority = Destination::of(&"/path".parse().unwrap());
    assert!(matches!(no_authority, Err(Error::HttpRequestUriInvalid)));
}

//! Serving many workloads at one address: each request goes to the site of the host that it names, which may be elsewhere.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{HOST, RETRY_AFTER};
use http::uri::Authority;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Mutex, Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use wasmtime_wasi_http::Error;

use super::body::ReplyBody;
use super::connection::{self, Answers};
use super::server::{self, CONNECTIONS_MAX, Drained, Handler};
use super::service::{Observer, RETRY_AFTER_SECONDS, Service, words};

/// What a front says of an answer that no workload has given: no guest has seen the request. A guest cannot say it.
pub const UNANSWERED: HeaderName = HeaderName::from_static("gary-unanswered");

/// How often a request may come back from elsewhere since it is served here by now.
const COMES_BACK_MAX: usize = 2;

/// How long work has to be gone that was ended.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A workload that is served under some host name.
pub struct Site {
    pub(super) service: Arc<Service>,
    /// What looks after idle instances, until it was waited for. It holds the replica too.
    reaping: Mutex<Option<JoinHandle<()>>>,
}

/// The body of a response from elsewhere.
pub type PassedBody = UnsyncBoxBody<Bytes, Error>;

/// Nobody has answered a request: what the client is told in the place of that.
#[derive(Debug)]
pub struct Unanswered(pub StatusCode, pub String);

/// What has become of a request that was to be passed on.
pub enum Passed {
    /// Another has answered.
    Answered(Response<PassedBody>),
    /// It is served here by now, and nobody has seen it yet.
    Here(Request<Incoming>),
}

/// Knows the sites.
pub trait Directory: Send + Sync + 'static {
    /// The site of this process for a host: in lower case, and without a port.
    fn here(&self, host: &str) -> Option<Arc<Site>>;

    /// Passes on a request for a host that has no site here, and gives what was answered.
    fn elsewhere(
        &self,
        host: String,
        request: Request<Incoming>,
    ) -> BoxFuture<'_, Result<Passed, Unanswered>>;
}

/// Answers each request by whoever a directory finds.
pub struct Front<D> {
    directory: Arc<D>,
    observer: Arc<dyn Observer>,
    /// One for each connection.
    places: Arc<Semaphore>,
    stopping: watch::Sender<()>,
    is_stopping: AtomicBool,
}

impl Site {
    /// A site that is open.
    ///
    /// # Panics
    /// Where there is no runtime of tokio.
    pub fn new(handler: Handler, observer: Arc<dyn Observer>) -> Self {
        let instances = handler.into_instances();
        let idle = Arc::clone(&instances);
        let reaping = tokio::spawn(async move { server::reap(&idle).await });
        Self {
            service: Arc::new(Service::until_ended(instances, observer)),
            reaping: Mutex::new(Some(reaping)),
        }
    }

    /// Waits until what is under way is answered, for so long at most. Whoever is still at it then is ended, and gone when
    /// this is: what the replica holds is given to others. Once the site is dropped too it holds the replica no more.
    pub async fn drained(&self, within: Duration) -> Drained {
        let drained = tokio::time::timeout(within, self.service.instances().drained()).await;
        self.service.end();
        self.reap_no_more().await;
        if drained.is_ok() {
            return Drained::Whole;
        }
        // A guest that computes gives way within a slice of its time.
        let gone = self.service.instances().drained();
        if tokio::time::timeout(ENDS_WITHIN, gone).await.is_err() {
            tracing::warn!("a guest goes on that was to end");
        }
        Drained::TimedOut
    }

    async fn reap_no_more(&self) {
        let mut reaping = self.reaping.lock().await;
        if let Some(task) = reaping.as_mut() {
            task.abort();
            // It has not failed: it was told to end.
            let _ = task.await;
        }
        *reaping = None;
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.service.end();
        if let Some(reaping) = self.reaping.get_mut() {
            reaping.abort();
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

impl<D: Directory> Front<D> {
    /// A front for the sites that `directory` knows.
    pub fn new(directory: Arc<D>, observer: Arc<dyn Observer>) -> Self {
        Self {
            directory,
            observer,
            places: Arc::new(Semaphore::new(CONNECTIONS_MAX as usize)),
            stopping: watch::Sender::new(()),
            is_stopping: AtomicBool::new(false),
        }
    }

    /// Serves clients at a bound address until it is drained.
    pub async fn serve(self: Arc<Self>, listener: tokio::net::TcpListener) {
        let (stopped, mut stops) = (self.stopping.subscribe(), self.stopping.subscribe());
        tokio::select! {
            () = server::accept(&listener, &self, &self.places, &stopped) => {}
            _ = stops.changed() => {}
        }
    }

    /// Serves a connection on which HTTP/1 is spoken, one request after the other, until it ends. Where there are too many of
    /// them it ends at once.
    ///
    /// While the front is drained, one that has carried a request ends as soon as that is answered. One that was just opened
    /// goes on: whoever has opened it is to hear that it is to ask elsewhere, and what it asks is the directory's to refuse.
    pub async fn serve_stream(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) {
        let place = Arc::clone(&self.places).try_acquire_owned();
        if place.is_err() && !self.is_stopping.load(Relaxed) {
            return;
        }
        let (ends, ended) = watch::channel(());
        let (has_answered, mut answered) = watch::channel(());
        let mut stopping = self.stopping.subscribe();
        let is_stopping = || self.is_stopping.load(Relaxed);
        let closes = async {
            let _ = answered.changed().await;
            if !is_stopping() {
                let _ = stopping.changed().await;
            }
            ends.send_replace(());
            std::future::pending().await
        };
        let front = Arc::clone(&self);
        let carries = Arc::new(Carrying {
            front,
            has_answered,
        });
        tokio::select! {
            () = connection::speak(stream, false, carries, ended) => {}
            () = closes => {}
        }
    }

    /// Takes no more clients, and lets what is under way end for so long at most.
    pub async fn drain(&self, within: Duration) -> Drained {
        self.is_stopping.store(true, Relaxed);
        // Nobody may be listening, which is as well.
        let _ = self.stopping.send(());
        let all_ended = self.places.acquire_many(CONNECTIONS_MAX);
        match tokio::time::timeout(within, all_ended).await {
            Ok(_) => Drained::Whole,
            Err(_) => Drained::TimedOut,
        }
    }
}

impl<D: Directory> Answers for Front<D> {
    fn observer(&self) -> &Arc<dyn Observer> {
        &self.observer
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        stalled: Option<Arc<Notify>>,
    ) -> Response<ReplyBody> {
        let Some(host) = host_of(&request) else {
            return words(
                StatusCode::BAD_REQUEST,
                "the request does not name one host\n",
            );
        };
        let mut request = request;
        for _ in 0..COMES_BACK_MAX {
            if let Some(site) = self.directory.here(&host) {
                let mut response = Arc::clone(&site.service).answer(request, stalled).await;
                response.headers_mut().remove(UNANSWERED);
                return response;
            }
            match self.directory.elsewhere(host.clone(), request).await {
                Ok(Passed::Answered(response)) => return response.map(ReplyBody::Passed),
                Ok(Passed::Here(back)) => request = back,
                Err(why) => return unanswered(&why),
            }
        }
        let why = format!("{host} is served now here and now elsewhere");
        unanswered(&Unanswered(StatusCode::SERVICE_UNAVAILABLE, why))
    }
}

/// A front as one stream sees it.
struct Carrying<D> {
    front: Arc<Front<D>>,
    has_answered: watch::Sender<()>,
}

impl<D: Directory> Answers for Carrying<D> {
    fn observer(&self) -> &Arc<dyn Observer> {
        &self.front.observer
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        stalled: Option<Arc<Notify>>,
    ) -> Response<ReplyBody> {
        let response = Arc::clone(&self.front).answer(request, stalled).await;
        self.has_answered.send_replace(());
        response
    }
}

fn unanswered(Unanswered(status, why): &Unanswered) -> Response<ReplyBody> {
    let mut response = words(*status, &format!("{why}\n"));
    let headers = response.headers_mut();
    headers.insert(UNANSWERED, HeaderValue::from_static("1"));
    if *status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    }
    response
}

/// The host that a request names, in lower case and without a port.
fn host_of(request: &Request<Incoming>) -> Option<String> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let authority = match (hosts.next(), hosts.next()) {
        (None, _) => request.uri().authority().cloned(),
        (Some(host), None) => Authority::try_from(host.as_bytes()).ok(),
        // Whoever stands in front of Gary may have looked at the other one.
        (Some(_), Some(_)) => None,
    };
    authority.map(|its| its.host().to_ascii_lowercase())
}

/// What another has answered, as it is passed on.
pub fn passed(response: Response<Incoming>) -> Response<PassedBody> {
    response.map(|body| body.map_err(Error::from).boxed_unsync())
}

/// Binds an address for a front; port 0 takes a free one.
///
/// # Errors
/// When the address is in use, not this machine's, or not allowed.
pub async fn listen(address: SocketAddr) -> io::Result<tokio::net::TcpListener> {
    tokio::net::TcpListener::bind(address).await
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::FutureExt;
    use http_body_util::Empty;
    use hyper::client::conn::http1::{SendRequest, handshake};
    use hyper_util::rt::TokioIo;

    use super::super::probe::tests::Nobody;
    use super::*;

    /// Serves nothing.
    struct Nothing;

    impl Directory for Nothing {
        fn here(&self, _host: &str) -> Option<Arc<Site>> {
            None
        }

        fn elsewhere(
            &self,
            _host: String,
            _request: Request<Incoming>,
        ) -> BoxFuture<'_, Result<Passed, Unanswered>> {
            let why = Unanswered(StatusCode::NOT_FOUND, "nothing is served".to_owned());
            std::future::ready(Err(why)).boxed()
        }
    }

    async fn stream(front: &Arc<Front<Nothing>>) -> SendRequest<Empty<Bytes>> {
        let (near, far) = tokio::io::duplex(4 << 10);
        tokio::spawn(Arc::clone(front).serve_stream(far));
        let (sender, connection) = handshake(TokioIo::new(near)).await.expect("it opens");
        tokio::spawn(connection);
        sender
    }

    async fn ask(stream: &mut SendRequest<Empty<Bytes>>) -> StatusCode {
        stream.ready().await.expect("it is open");
        let request = Request::get("/").header(HOST, "web.localhost");
        let request = request.body(Empty::new()).expect("it is a request");
        let answer = stream.send_request(request).await.expect("it is answered");
        let status = answer.status();
        answer.into_body().collect().await.expect("it ends");
        status
    }

    #[tokio::test]
    async fn a_stream_that_has_carried_a_request_does_not_hold_up_the_end_and_a_new_one_is_answered()
     {
        let front = Arc::new(Front::new(Arc::new(Nothing), Arc::new(Nobody)));
        let (mut used, mut new) = (stream(&front).await, stream(&front).await);
        for _ in 0..2 {
            assert_eq!(ask(&mut used).await, StatusCode::NOT_FOUND);
        }
        // Less than an idle stream is left alone for.
        let drains = front.drain(Duration::from_secs(10));
        let asks = async {
            while !front.is_stopping.load(Relaxed) {
                tokio::task::yield_now().await;
            }
            ask(&mut new).await
        };
        let (drained, status) = tokio::join!(drains, asks);
        assert_eq!((drained, status), (Drained::Whole, StatusCode::NOT_FOUND));
        assert!(used.ready().await.is_err(), "it has ended");
    }
}

//! Serving many workloads at one address: each request goes to the site of the host that it names, which may be elsewhere.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::HOST;
use http::uri::Authority;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::AbortHandle;
use wasmtime_wasi_http::Error;

use super::body::ReplyBody;
use super::connection::{self, Answers};
use super::server::{self, CONNECTIONS_MAX, Handler};
use super::service::{Observer, Service, words};

/// A workload that is served under some host name.
pub struct Site {
    service: Arc<Service>,
    reaping: AbortHandle,
}

/// The body of a response from elsewhere.
pub type PassedBody = UnsyncBoxBody<Bytes, Error>;

/// Nobody has answered a request: what the client is told in the place of that.
#[derive(Debug)]
pub struct Unanswered(pub StatusCode, pub String);

/// Knows the sites.
pub trait Directory: Send + Sync + 'static {
    /// The site of this process for a host: in lower case, and without a port.
    fn here(&self, host: &str) -> Option<Arc<Site>>;

    /// Passes on a request for a host that has no site here, and gives what was answered.
    fn elsewhere(
        &self,
        host: String,
        request: Request<Incoming>,
    ) -> BoxFuture<'static, Result<Response<PassedBody>, Unanswered>>;
}

/// Answers each request by whoever a directory finds.
pub struct Front<D> {
    directory: Arc<D>,
    observer: Arc<dyn Observer>,
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
            service: Arc::new(Service::new(instances, observer)),
            reaping: reaping.abort_handle(),
        }
    }

    /// Waits until what is under way is answered, for so long at most.
    pub async fn drained(&self, within: Duration) {
        let drained = self.service.instances().drained();
        // Whoever is still at it then is ended along with its replica.
        let _ = tokio::time::timeout(within, drained).await;
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.reaping.abort();
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
        }
    }

    /// Serves clients at a bound address for as long as it is polled.
    pub async fn serve(self: Arc<Self>, listener: tokio::net::TcpListener) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX as usize));
        // Ends with this, and every connection that has not begun with it.
        let (_stopping, stopped) = watch::channel(());
        server::accept(&listener, &self, &places, &stopped).await;
    }

    /// Serves a connection on which HTTP/1 is spoken, until it ends.
    pub async fn serve_stream(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) {
        let (_stopping, stopped) = watch::channel(());
        connection::speak(stream, false, self, stopped).await;
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
        if let Some(site) = self.directory.here(&host) {
            return Arc::clone(&site.service).answer(request, stalled).await;
        }
        match self.directory.elsewhere(host, request).await {
            Ok(response) => response.map(ReplyBody::Passed),
            Err(Unanswered(status, why)) => words(status, &format!("{why}\n")),
        }
    }
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

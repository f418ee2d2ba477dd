//! HTTP that a guest asks for: `wasi:http/outgoing-handler` and the client of 0.3.
//!
//! The order of events, the timeouts and the errors are those of wasmtime-wasi-http's own client,
//! so that a guest sees what it would see under `wasmtime serve`. What differs: the policy decides
//! where a request goes, the TLS handshake counts against the time to connect, a workload's open
//! connections are bounded, and TLS is set up once for all requests.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::uri::{PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::lookup::LookupError;
use super::policy::NetPolicy;
use super::response_body::ResponseBody;
use super::tls;

/// Bytes of a body that a guest may write at once. What was written waits in the host's memory for
/// the peer, so wasmtime's own 1 MiB would let a slow peer hold much that no limit of the guest counts.
const CHUNK_BYTES_MAX: usize = 64 << 10;
/// How long each step of a request may take where the guest does not say; wasmtime's default.
const STEP_TIMEOUT: Duration = Duration::from_secs(600);

/// Sends the requests of one workload's instances where its policy lets them go.
#[derive(Clone)]
pub(crate) struct HttpHooks {
    policy: Arc<NetPolicy>,
    /// A function, as a store that sends nothing over TLS need not have it set up.
    tls: fn() -> Arc<ClientConfig>,
}

/// A response and the rest of the work for it: the guest reads the one while the other runs.
type Exchanged = (Response<WasiBody>, BoxIo);
type BoxIo = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl HttpHooks {
    pub(crate) fn new(policy: Arc<NetPolicy>) -> Self {
        Self {
            policy,
            tls: tls::client_config,
        }
    }

    async fn send(
        self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Exchanged, Error> {
        let destination = Destination::of(request.uri())?;
        let options = options.unwrap_or_default();
        let connect_timeout = options.connect_timeout.unwrap_or(STEP_TIMEOUT);
        let (stream, place) = timeout(connect_timeout, self.connect(&destination))
            .await
            .map_err(|_| Error::ConnectionTimeout)??;
        match stream {
            Stream::Plain(stream) => exchange(stream, place, request, options).await,
            Stream::Tls(stream) => exchange(stream, place, request, options).await,
        }
    }

    async fn connect(
        &self,
        destination: &Destination,
    ) -> Result<(Stream, OwnedSemaphorePermit), Error> {
        let route = self.policy.route(&destination.host, destination.port).await;
        let route = route
            .inspect_err(|err| tracing::debug!(?destination, %err, "a request goes nowhere"))?;
        let place = Arc::clone(&self.policy.connections)
            .try_acquire_owned()
            .map_err(|_| Error::ConnectionLimitReached)?;
        let stream = TcpStream::connect(route.as_slice())
            .await
            .map_err(Error::Connect)?;
        // A streamed body is many small writes, each of which somebody may be waiting for. A socket
        // that refuses is merely slower.
        let _ = stream.set_nodelay(true);
        if !destination.tls {
            return Ok((Stream::Plain(stream), place));
        }
        let name = tls::server_name(&destination.host)?;
        let stream = TlsConnector::from((self.tls)())
            .connect(name, stream)
            .await
            .map_err(Error::Tls)?;
        Ok((Stream::Tls(Box::new(stream)), place))
    }
}

impl WasiHttpHooks for HttpHooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        // Tells how the guest fared with the response, which changes nothing about the connection.
        _response_done: BoxIo,
    ) -> Box<dyn Future<Output = Result<Exchanged, Error>> + Send> {
        Box::new(self.clone().send(request, options))
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK_BYTES_MAX
    }

    fn p3_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK_BYTES_MAX
    }
}

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
struct Destination {
    host: String,
    port: u16,
    tls: bool,
}

impl Destination {
    fn of(uri: &Uri) -> Result<Self, Error> {
        let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
        let tls = uri.scheme() == Some(&Scheme::HTTPS);
        let host = authority.host();
        let rest = authority.as_str().strip_prefix(host);
        let port = match (rest, authority.port_u16()) {
            (Some(""), _) => Some(if tls { 443 } else { 80 }),
            (Some(_), Some(port)) => Some(port),
            // A user's name before the host, or a port that is no number: nothing that resolves.
            _ => None,
        };
        let port = port.ok_or_else(unresolvable)?;
        Ok(Self {
            host: host.to_owned(),
            port,
            tls,
        })
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Sends the request and waits for the head of the response; both bodies may be on their way by
/// then.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    place: OwnedSemaphorePermit,
    mut request: Request<WasiBody>,
    options: RequestOptions,
) -> Result<Exchanged, Error> {
    let first_byte_timeout = options.first_byte_timeout.unwrap_or(STEP_TIMEOUT);
    let between_bytes_timeout = options.between_bytes_timeout.unwrap_or(STEP_TIMEOUT);
    *request.uri_mut() = origin_form(request.uri());

    let (mut sender, mut connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut is_open = true;
    let response = {
        let mut sent = pin!(timeout(first_byte_timeout, sender.send_request(request)));
        // The connection moves only while it is polled.
        tokio::select! {
            biased;
            response = &mut sent => response,
            closed = &mut connection => {
                is_open = false;
                closed?;
                sent.await
            }
        }
    };
    let response = response.map_err(|_| Error::ConnectionReadTimeout)??;

    let response = response.map(|incoming| {
        ResponseBody::new(incoming.map_err(response_error), between_bytes_timeout).boxed_unsync()
    });
    let io = async move {
        let _place = place;
        if is_open {
            connection.await.map_err(response_error)?;
        }
        Ok(())
    };
    Ok((response, Box::new(io)))
}

/// What stands in the request line: scheme and authority are for proxies.
fn origin_form(uri: &Uri) -> Uri {
    let path = uri.path_and_query().cloned();
    Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
}

fn response_error(err: hyper::Error) -> Error {
    if err.is_timeout() {
        Error::HttpResponseTimeout
    } else {
        err.into()
    }
}

/// What wasmtime's client makes of a host that the resolver does not know.
fn unresolvable() -> Error {
    Error::DnsError {
        rcode: Some("address not available".to_owned()),
        info_code: None,
    }
}

impl From<LookupError> for Error {
    fn from(err: LookupError) -> Self {
        match err {
            LookupError::NotGranted => Self::HttpRequestDenied,
            LookupError::InvalidName => unresolvable(),
            LookupError::Busy => Self::ConnectionLimitReached,
            LookupError::TimedOut => Self::DnsTimeout,
            LookupError::Prohibited => Self::DestinationIpProhibited,
            LookupError::Resolver(err) => Self::Connect(err),
        }
    }
}

#[cfg(test)]
mod tests;

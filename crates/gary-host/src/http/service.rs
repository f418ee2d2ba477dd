//! Answers one request: admits it, gives it to an instance, and says in HTTP what became of it.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::channel::oneshot;
use futures::future::{pending, poll_fn};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, RETRY_AFTER};
use http::uri::Authority;
use http::{HeaderValue, Method, Response, StatusCode, Uri, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::{Notify, watch};
use wasmtime::AsContextMut;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{Prepared, Proxy};
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;

use super::body::{ReplyBody, RequestBody, TooLarge};
use super::connection::{Answers, WRITE_STALL_MAX};
use super::exchange::{self, Answer, OnFailure, Watch, Work};
use super::instances::{Admission, Instance, Instances};
use super::quiet::Quiet;
use crate::failure::Failure;
use crate::guest::Guest;

/// Largest request body where the workload does not say otherwise.
pub const BODY_BYTES_MAX: u64 = 16 << 20;
/// Bytes of a request's head; a longer one is answered 431.
pub(super) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Header fields of a request; one more is answered 431.
pub(super) const HEADERS_MAX: usize = 128;
/// When to come again, in seconds, for a client that was turned away.
pub(super) const RETRY_AFTER_SECONDS: &str = "1";

const STOPPED: &str = "its hosting was stopped before it had answered";

/// Told what happens to requests; called on the threads that serve them, so it must not block.
pub trait Observer: Send + Sync {
    /// Whether `request` is worth calling at all.
    fn wants_requests(&self) -> bool;
    /// A request was answered; its body may still be on its way.
    fn request(&self, request: &Request<'_>);
    /// The guest failed at a request.
    fn failed(&self, asked: &Asked, failure: &Failure);
    /// A connection ended because of its client: too slow, not HTTP, gone.
    fn connection(&self, why: &str);
}

/// What a request asked for; it reads `GET /path?query`.
#[derive(Debug)]
pub struct Asked {
    method: Method,
    uri: Uri,
}

impl Asked {
    fn of(request: &http::Request<Incoming>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
        }
    }

    fn path(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path())
    }
}

/// A request that was answered.
#[derive(Debug)]
pub struct Request<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's path and query.
    pub path: &'a str,
    /// The response's status.
    pub status: StatusCode,
    /// From the request's head to the response's.
    pub took: Duration,
}

/// Serves requests with the instances of one replica.
pub(crate) struct Service {
    instances: Arc<Instances>,
    observer: Arc<dyn Observer>,
    body_bytes_max: u64,
    /// Whether all work has to end, where that may come before its own end.
    is_over: Option<watch::Sender<bool>>,
}

impl Service {
    pub(crate) fn new(instances: Arc<Instances>, observer: Arc<dyn Observer>) -> Self {
        let limits = &instances.replica().shared.spec.limits;
        Self {
            body_bytes_max: limits.body_bytes_max.unwrap_or(BODY_BYTES_MAX),
            instances,
            observer,
            is_over: None,
        }
    }

    /// The same, but that [`Service::end`] ends what is under way.
    pub(super) fn until_ended(instances: Arc<Instances>, observer: Arc<dyn Observer>) -> Self {
        Self {
            is_over: Some(watch::Sender::new(false)),
            ..Self::new(instances, observer)
        }
    }

    /// Ends all work on requests, be there somebody who waits for it or not.
    pub(super) fn end(&self) {
        if let Some(is_over) = &self.is_over {
            is_over.send_replace(true);
        }
    }

    pub(super) const fn instances(&self) -> &Arc<Instances> {
        &self.instances
    }

    async fn reply(
        &self,
        request: http::Request<Incoming>,
        stalled: Option<Arc<Notify>>,
    ) -> Response<ReplyBody> {
        if let Some(refusal) = self.refuse(&request) {
            return refusal;
        }
        let Some(admission) = self.instances.admit().await else {
            return busy();
        };
        let on_failure: OnFailure = {
            let (observer, asked) = (self.observer.clone(), Asked::of(&request));
            Arc::new(move |failure| observer.failed(&asked, failure))
        };
        let too_large = TooLarge::default();
        let request = request.map(|body| {
            RequestBody::new(body, self.body_bytes_max, too_large.clone()).boxed_unsync()
        });
        let (tx, answered) = oneshot::channel();
        let (taken, until_taken) = oneshot::channel();
        let client = stalled.is_some().then(Arc::<Quiet>::default);
        let watch = Watch::new(client.clone());
        let exchange = Exchange {
            request,
            answer: tx,
            until_taken,
            watch: watch.clone(),
        };
        let mut work = work(self.instances.clone(), admission, exchange);
        if let Some(is_over) = &self.is_over {
            work = until(is_over.subscribe(), work);
        }
        if let (Some(stalled), Some(client)) = (stalled, client) {
            // A stream whose client opens no window is not polled, and with it neither would be the
            // guest's time limit, nor would anybody notice how long that lasts. Over HTTP/1 the
            // connection's own limit on stalls comes first.
            work = Box::pin(wasmtime_wasi::runtime::spawn(async move {
                tokio::select! {
                    ended = &mut work => return ended,
                    () = client.lasted(WRITE_STALL_MAX) => stalled.notify_one(),
                }
                work.await
            }));
        }
        match exchange::answer(work, answered, taken, watch, on_failure.clone()).await {
            Ok(response) => response.map(|body| ReplyBody::Guest(Box::new(body))),
            Err(_) if too_large.is_set() => self.body_too_large(),
            Err(failure) => {
                on_failure(&failure);
                match failure {
                    Failure::Busy | Failure::Crowded(_) => busy(),
                    Failure::TimedOut(_) => words(
                        StatusCode::GATEWAY_TIMEOUT,
                        "the workload did not answer within its time limit\n",
                    ),
                    Failure::Over => words(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "the workload runs elsewhere from now on\n",
                    ),
                    _ => words(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "the workload failed at this request\n",
                    ),
                }
            }
        }
    }

    /// What can be refused by a look at the head alone.
    fn refuse(&self, request: &http::Request<Incoming>) -> Option<Response<ReplyBody>> {
        if head_bytes(request) > HEAD_BYTES_MAX {
            return Some(words(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                &format!("the head is larger than {HEAD_BYTES_MAX} bytes\n"),
            ));
        }
        if request.headers().len() > HEADERS_MAX {
            return Some(words(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                &format!("the head has more than {HEADERS_MAX} fields\n"),
            ));
        }
        let mut hosts = request.headers().get_all(HOST).iter();
        let names_host = match (hosts.next(), hosts.next()) {
            (None, _) => request.uri().authority().is_some(),
            (Some(host), None) => Authority::try_from(host.as_bytes()).is_ok(),
            // Whoever stands in front of Gary may have looked at the other one.
            (Some(_), Some(_)) => false,
        };
        // HTTP/1.0 has no Host header to speak of; the guest gets an empty authority.
        if !names_host && request.version() != Version::HTTP_10 {
            return Some(words(
                StatusCode::BAD_REQUEST,
                "the request does not name one host\n",
            ));
        }
        let announced = request.headers().get(CONTENT_LENGTH)?;
        let announced: u64 = announced.to_str().ok()?.parse().ok()?;
        (announced > self.body_bytes_max).then(|| self.body_too_large())
    }

    fn body_too_large(&self) -> Response<ReplyBody> {
        words(
            StatusCode::PAYLOAD_TOO_LARGE,
            &format!("the body is larger than {} bytes\n", self.body_bytes_max),
        )
    }
}

impl Answers for Service {
    fn observer(&self) -> &Arc<dyn Observer> {
        &self.observer
    }

    async fn answer(
        self: Arc<Self>,
        request: http::Request<Incoming>,
        stalled: Option<Arc<Notify>>,
    ) -> Response<ReplyBody> {
        if !self.observer.wants_requests() {
            return self.reply(request, stalled).await;
        }
        let (asked, started) = (Asked::of(&request), Instant::now());
        let response = self.reply(request, stalled).await;
        self.observer.request(&Request {
            method: &asked.method,
            path: asked.path(),
            status: response.status(),
            took: started.elapsed(),
        });
        response
    }
}

/// A request on its way to a guest.
struct Exchange {
    request: http::Request<wasmtime_wasi_http::WasiBody>,
    answer: oneshot::Sender<Answer>,
    /// Ends when nobody takes the response's body any more.
    until_taken: oneshot::Receiver<Infallible>,
    watch: Watch,
}

/// The whole of a guest's work on a request, from its instance to what it does after its answer.
fn work(instances: Arc<Instances>, admission: Admission, exchange: Exchange) -> Work {
    Box::pin(async move {
        let replica = instances.replica();
        replica
            .drive(async {
                let mut instance = instances.take(&admission).await?;
                let at_work = exchange.watch.at_work();
                let handled = handle(&mut instance, exchange).await;
                match handled {
                    Ok(()) => {
                        at_work.finish();
                        instances.give_back(instance);
                        Ok(())
                    }
                    Err(error) => {
                        let refused = instance.store.data().memory.refused();
                        Err(Failure::of(&error, refused))
                    }
                }
            })
            .await
    })
}

/// Work that ends before its own end if it has to.
fn until(mut is_over: watch::Receiver<bool>, work: Work) -> Work {
    Box::pin(async move {
        tokio::select! {
            biased;
            ended = work => ended,
            // Where nobody is left who could say so, it is over too.
            _ = is_over.wait_for(|is_over| *is_over) => Err(Failure::Host(STOPPED.into())),
        }
    })
}

async fn handle(instance: &mut Instance, exchange: Exchange) -> wasmtime::Result<()> {
    let Exchange {
        mut request,
        answer,
        until_taken,
        ..
    } = exchange;
    let Instance { store, proxy, .. } = instance;
    match proxy {
        Proxy::P2(guest) => {
            if request.version() == Version::HTTP_10 {
                request
                    .headers_mut()
                    .entry(HOST)
                    .or_insert(HeaderValue::from_static(""));
            }
            let mut http = store.data_mut().http();
            let incoming = http.new_incoming_request(Scheme::Http, request)?;
            let out = http.new_response_outparam_from_callback(move |response| {
                // Nobody listens any more once the client has left.
                let _ = answer.send(response.map_err(Into::into));
            })?;
            guest
                .wasi_http_incoming_handler()
                .call_handle(&mut *store, incoming, out)
                .await
        }
        Proxy::P3(_) => {
            let prepared =
                Prepared::new(store.as_context_mut(), proxy, request, Guest::http, answer)?;
            store
                .run_concurrent(async |guest| {
                    prepared.run(guest, pending()).await?;
                    // The response's body, which the host may be forwarding by itself, and whatever
                    // else the guest still does for it.
                    let _ = until_taken.await;
                    poll_fn(|cx| guest.poll_no_interesting_tasks(cx)).await;
                    Ok(())
                })
                .await?
        }
    }
}

/// What a request's head holds. The connection's own limit is on what it reads at once, and lets a
/// head through that happens to arrive in one piece.
fn head_bytes(request: &http::Request<Incoming>) -> usize {
    let fields = request.headers().iter();
    let fields: usize = fields
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let target = request.uri().path_and_query();
    fields + target.map_or(0, |target| target.as_str().len())
}

fn busy() -> Response<ReplyBody> {
    let mut response = words(
        StatusCode::SERVICE_UNAVAILABLE,
        "every instance of the workload is busy, and so is the queue\n",
    );
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    response
}

pub(super) fn words(status: StatusCode, words: &str) -> Response<ReplyBody> {
    let body = Full::new(Bytes::copy_from_slice(words.as_bytes()));
    let mut response = Response::new(ReplyBody::Words(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

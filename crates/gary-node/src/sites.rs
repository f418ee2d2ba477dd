//! What is served here, under which host names, and who serves what is not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use gary_host::http::{Asked, Directory, Observer, PassedBody, Request, Site, Unanswered};
use gary_promise::{PromiseId, Routes, WorkloadName};
use http::{Response, StatusCode};
use hyper::body::Incoming;

/// Below which domain every workload is reached by its name, besides the routes that it wants.
const LOCAL_DOMAIN: &str = "localhost";

/// What is served by this node.
#[derive(Default)]
pub(crate) struct Sites(Mutex<Open>);

#[derive(Default)]
struct Open {
    by_offer: BTreeMap<PromiseId, (Vec<String>, Arc<Site>)>,
    /// All that serve a host name, and whose turn it is next.
    by_host: BTreeMap<String, (Vec<PromiseId>, usize)>,
}

/// Tells of requests in the log of the node.
#[derive(Debug)]
pub(crate) struct RequestLog;

impl Sites {
    /// Serves a hosting under its name and its routes from now on.
    pub(crate) fn open(&self, offer: PromiseId, name: &WorkloadName, routes: &Routes, site: Site) {
        let site = Arc::new(site);
        let hosts = hosts(name, routes);
        let mut open = self.lock();
        for host in &hosts {
            let (offers, _) = open.by_host.entry(host.clone()).or_default();
            offers.push(offer);
        }
        open.by_offer.insert(offer, (hosts, site));
    }

    /// Serves a hosting no more, once what is under way is answered.
    pub(crate) async fn close(&self, offer: &PromiseId, drain: Duration) {
        let closed = self.take(offer);
        if let Some(site) = closed {
            site.drained(drain).await;
        }
    }

    fn take(&self, offer: &PromiseId) -> Option<Arc<Site>> {
        let mut open = self.lock();
        let (hosts, site) = open.by_offer.remove(offer)?;
        for host in hosts {
            if let Some((offers, _)) = open.by_host.get_mut(&host) {
                offers.retain(|its| its != offer);
                if offers.is_empty() {
                    open.by_host.remove(&host);
                }
            }
        }
        Some(site)
    }

    /// One that serves a host: each in turn.
    pub(crate) fn find(&self, host: &str) -> Option<Arc<Site>> {
        let mut open = self.lock();
        let (offers, next) = open.by_host.get_mut(host)?;
        *next = (*next + 1) % offers.len();
        let offer = offers[*next];
        open.by_offer.get(&offer).map(|(_, site)| Arc::clone(site))
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Under which host names a workload is served: by its name for whoever is on this machine, and as it wants.
pub(crate) fn hosts(name: &WorkloadName, routes: &Routes) -> Vec<String> {
    let own = format!("{name}.{LOCAL_DOMAIN}");
    let routes = routes
        .iter()
        .map(|route| route.as_str().to_ascii_lowercase());
    let mut hosts: Vec<String> = routes.filter(|its| *its != own).collect();
    hosts.push(own);
    hosts
}

impl Directory for Sites {
    fn here(&self, host: &str) -> Option<Arc<Site>> {
        self.find(host)
    }

    /// What another node has passed on is passed on no further.
    fn elsewhere(
        &self,
        host: String,
        _request: http::Request<Incoming>,
    ) -> BoxFuture<'static, Result<Response<PassedBody>, Unanswered>> {
        ready(Err(nobody(&host))).boxed()
    }
}

/// What a client is told that asks for a host that nobody serves.
pub(crate) fn nobody(host: &str) -> Unanswered {
    let why = format!("nobody is known to serve {host}");
    Unanswered(StatusCode::NOT_FOUND, why)
}

impl Observer for RequestLog {
    fn wants_requests(&self) -> bool {
        tracing::enabled!(tracing::Level::DEBUG)
    }

    fn request(&self, request: &Request<'_>) {
        let (method, path, status) = (request.method, request.path, request.status);
        tracing::debug!(%method, path, %status, took = ?request.took, "answered");
    }

    fn failed(&self, asked: &Asked, failure: &gary_host::Failure) {
        tracing::warn!(%asked, %failure, "a workload failed at a request");
    }

    fn connection(&self, why: &str) {
        tracing::debug!(why, "a connection has ended");
    }
}

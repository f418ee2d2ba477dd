//! What is served here, under which host names, and who serves what is not.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use gary_host::http::{Asked, Directory, Drained, Observer, Passed, Request, Site, Unanswered};
use gary_promise::{PromiseId, Routes, WorkloadName};
use http::StatusCode;
use hyper::body::Incoming;
use tokio::sync::watch;

/// Below which domain every workload is reached by its name, besides the routes that it wants.
const LOCAL_DOMAIN: &str = "localhost";

/// How long somebody waits here at most that another node has sent for what is about to be served.
const OPENS_WITHIN: Duration = Duration::from_secs(1);

/// What is served by this node.
#[derive(Default)]
pub(crate) struct Sites {
    open: Mutex<Open>,
    /// Something is served that was about to be, or will not be.
    has_settled: watch::Sender<()>,
    /// Nothing more is taken of other nodes.
    is_closing: AtomicBool,
}

#[derive(Default)]
struct Open {
    /// What is about to be served, and under which hosts. No more than the node has promised to host.
    awaited: BTreeMap<PromiseId, Vec<String>>,
    by_offer: BTreeMap<PromiseId, (WorkloadName, Vec<String>, Arc<Site>)>,
    /// By host name and by workload: all that serve it, and whose turn it is next.
    by_host: BTreeMap<String, BTreeMap<WorkloadName, Turns>>,
}

#[derive(Default)]
struct Turns {
    offers: Vec<PromiseId>,
    next: usize,
}

/// Tells of requests in the log of the node.
#[derive(Debug)]
pub(crate) struct RequestLog;

impl Sites {
    /// A hosting is about to be served under its name and its routes.
    pub(crate) fn expect(&self, offer: PromiseId, name: &WorkloadName, routes: &Routes) {
        self.lock().awaited.insert(offer, hosts(name, routes));
    }

    /// A hosting that was about to be served will not be: it answers no requests.
    pub(crate) fn expect_no_more(&self, offer: &PromiseId) {
        if self.lock().awaited.remove(offer).is_some() {
            self.has_settled.send_replace(());
        }
    }

    /// Whether a host is about to be served.
    pub(crate) fn is_awaited(&self, host: &str) -> bool {
        let open = self.lock();
        let mut awaited = open.awaited.values().flatten();
        awaited.any(|its| its == host)
    }

    /// Waits until a host is served that is about to be, or will not be.
    pub(crate) async fn settled(&self, host: &str) {
        let mut has_settled = self.has_settled.subscribe();
        while self.is_awaited(host) {
            // It cannot end before this does.
            let _ = has_settled.changed().await;
        }
    }

    /// Serves a hosting under its name and its routes from now on.
    pub(crate) fn open(
        &self,
        offer: PromiseId,
        name: &WorkloadName,
        routes: &Routes,
        site: Arc<Site>,
    ) {
        let hosts = hosts(name, routes);
        let mut open = self.lock();
        for host in &hosts {
            let workloads = open.by_host.entry(host.clone()).or_default();
            let turns = workloads.entry(name.clone()).or_default();
            turns.offers.push(offer);
        }
        open.by_offer.insert(offer, (name.clone(), hosts, site));
        open.awaited.remove(&offer);
        drop(open);
        self.has_settled.send_replace(());
    }

    /// Serves a hosting no more, once what is under way is answered.
    pub(crate) async fn close(&self, offer: &PromiseId, drain: Duration) {
        self.expect_no_more(offer);
        let Some((name, site)) = self.take(offer) else {
            return;
        };
        if site.drained(drain).await == Drained::TimedOut {
            tracing::warn!(%name, ?drain, "requests were cut off that took longer than a hosting waits for");
        }
    }

    /// Takes nothing more of other nodes, which are told to ask elsewhere.
    pub(crate) fn close_to_others(&self) {
        self.is_closing.store(true, Relaxed);
    }

    fn take(&self, offer: &PromiseId) -> Option<(WorkloadName, Arc<Site>)> {
        let mut open = self.lock();
        let (name, hosts, site) = open.by_offer.remove(offer)?;
        for host in hosts {
            let Some(workloads) = open.by_host.get_mut(&host) else {
                continue;
            };
            if let Some(turns) = workloads.get_mut(&name) {
                turns.offers.retain(|its| its != offer);
                if turns.offers.is_empty() {
                    workloads.remove(&name);
                }
            }
            if workloads.is_empty() {
                open.by_host.remove(&host);
            }
        }
        Some((name, site))
    }

    /// One that serves a host, each in turn, and which workload that is: of several that want it the first by name.
    pub(crate) fn find(&self, host: &str) -> Option<(WorkloadName, Arc<Site>)> {
        let mut open = self.lock();
        let workloads = open.by_host.get_mut(host)?;
        let mut first = workloads.first_entry()?;
        let name = first.key().clone();
        let turns = first.get_mut();
        turns.next = (turns.next + 1) % turns.offers.len();
        let offer = turns.offers[turns.next];
        let (_, _, site) = open.by_offer.get(&offer)?;
        Some((name, Arc::clone(site)))
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Under which host names a workload is served: by its name for whoever is on this machine, and as it wants, but for what
/// is another's by its name.
pub(crate) fn hosts(name: &WorkloadName, routes: &Routes) -> Vec<String> {
    let own = format!("{name}.{LOCAL_DOMAIN}");
    let routes = routes
        .iter()
        .map(|route| route.as_str().to_ascii_lowercase());
    let mut hosts: Vec<String> = routes.filter(|its| own_name(its).is_none()).collect();
    hosts.push(own);
    hosts
}

/// The name of the one workload that a host can be of, if it is of that kind.
pub(crate) fn own_name(host: &str) -> Option<&str> {
    let (name, domain) = host.split_once('.')?;
    let is_one = domain == LOCAL_DOMAIN && name.parse::<WorkloadName>().is_ok();
    is_one.then_some(name)
}

impl Directory for Sites {
    fn here(&self, host: &str) -> Option<Arc<Site>> {
        if self.is_closing.load(Relaxed) {
            return None;
        }
        self.find(host).map(|(_, site)| site)
    }

    /// What another node has passed on is passed on no further: that one knows better whom to ask next. What is about to
    /// be served is waited for, since nobody knows sooner than this node when it is.
    fn elsewhere(
        &self,
        host: String,
        request: http::Request<Incoming>,
    ) -> BoxFuture<'_, Result<Passed, Unanswered>> {
        let passed = async move {
            if self.is_closing.load(Relaxed) {
                let why = "the node stops".to_owned();
                return Err(Unanswered(StatusCode::SERVICE_UNAVAILABLE, why));
            }
            // Of what takes longer the client's own node asks again.
            let _ = tokio::time::timeout(OPENS_WITHIN, self.settled(&host)).await;
            match self.here(&host) {
                Some(_) => Ok(Passed::Here(request)),
                None => Err(nobody(&host)),
            }
        };
        passed.boxed()
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

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use gary_promise::{AgentId, BootEpoch, Version};

    use super::*;

    fn offer() -> PromiseId {
        PromiseId {
            promiser: AgentId::from_bytes([1; 32]),
            version: Version::first(BootEpoch(1)),
        }
    }

    #[tokio::test]
    async fn what_is_about_to_be_served_is_waited_for_and_nothing_else() {
        let (sites, host) = (Sites::default(), "web.localhost");
        assert_eq!(sites.settled(host).now_or_never(), Some(()));

        let name = "web".parse().expect("it is a name");
        sites.expect(offer(), &name, &Routes::default());
        let mut waits = Box::pin(sites.settled(host));
        assert_eq!(waits.as_mut().now_or_never(), None);
        let other = sites.settled("api.localhost").now_or_never();
        assert_eq!(other, Some(()), "that is another host");

        sites.expect_no_more(&offer());
        waits.await;
        assert!(!sites.is_awaited(host));
    }
}

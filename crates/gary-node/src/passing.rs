//! Requests that come from clients: what is not served here is passed on to a node that serves it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use gary_host::http::{Directory, PassedBody, Site, Unanswered, passed};
use gary_promise::AgentId;
use gary_transport::{Lane, Peer};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::Mutex;

use crate::api::{Api, Refusal};
use crate::peer_http::{self, Kind};
use crate::sites::{Sites, nobody};

/// For how long it is taken for so who serves what.
const KNOWN_FOR: Duration = Duration::from_secs(1);

/// For how long a host is taken for one that nobody serves.
const UNKNOWN_FOR: Duration = Duration::from_millis(100);

/// How long a client waits at most for what is deployed and does not run.
const STARTS_WITHIN: Duration = Duration::from_secs(2);

/// How long a node has to take a request, before another is asked.
const TAKES_WITHIN: Duration = Duration::from_secs(1);

/// Requests that come from clients.
pub(crate) struct Ingress {
    pub(crate) sites: Arc<Sites>,
    pub(crate) servers: Arc<Servers>,
}

/// Who serves which hosts, as far as keepers tell.
pub(crate) struct Servers {
    api: Arc<Api>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    since: Option<Instant>,
    hosts: BTreeMap<String, Vec<Peer>>,
}

impl Directory for Ingress {
    fn here(&self, host: &str) -> Option<Arc<Site>> {
        self.sites.find(host)
    }

    fn elsewhere(
        &self,
        host: String,
        request: Request<Incoming>,
    ) -> BoxFuture<'static, Result<Response<PassedBody>, Unanswered>> {
        let servers = Arc::clone(&self.servers);
        async move { servers.pass_on(&host, request).await }.boxed()
    }
}

impl Servers {
    pub(crate) fn new(api: Arc<Api>) -> Self {
        Self {
            api,
            known: Mutex::default(),
        }
    }

    async fn pass_on(
        &self,
        host: &str,
        request: Request<Incoming>,
    ) -> Result<Response<PassedBody>, Unanswered> {
        let mut peers = self.find(host).await.ok_or_else(|| nobody(host))?;
        // What is deployed and does not run yet, or is just about to run elsewhere, is waited for.
        let until = Instant::now() + STARTS_WITHIN;
        while peers.is_empty() && Instant::now() < until {
            tokio::time::sleep(UNKNOWN_FOR).await;
            peers = self.find(host).await.ok_or_else(|| nobody(host))?;
        }
        if peers.is_empty() {
            let why = format!("{host} is deployed, and no other node is known to run it now");
            return Err(Unanswered(StatusCode::SERVICE_UNAVAILABLE, why));
        }
        let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        let failed = |why: String| Unanswered(StatusCode::BAD_GATEWAY, why);
        // Each in turn would need a count for each host; at random is as fair.
        fastrand::shuffle(&mut peers);
        let mut why = String::new();
        for peer in peers {
            // Who does not read what it asked for must not hold up what agents say to one another.
            let open = peer_http::open(&self.api.transport, peer, Lane::Bulk, Kind::Site);
            match tokio::time::timeout(TAKES_WITHIN, open).await {
                Ok(Ok(mut sender)) => {
                    let sent = sender.send_request(request).await;
                    return sent.map(passed).map_err(|error| failed(error.to_string()));
                }
                Ok(Err(error)) => why = error.to_string(),
                Err(_) => why = "no answer".to_owned(),
            }
        }
        Err(failed(format!(
            "no node that serves {host} can be reached: {why}"
        )))
    }

    /// The other nodes that serve a host; `None` if nothing is deployed there. Finds out again what it has known for too long.
    async fn find(&self, host: &str) -> Option<Vec<Peer>> {
        let mut known = self.known.lock().await;
        let age = known.since.map(|since| since.elapsed());
        let limit = match known.hosts.get(host).is_some_and(|its| !its.is_empty()) {
            true => KNOWN_FOR,
            false => UNKNOWN_FOR,
        };
        if age.is_none_or(|age| age > limit)
            && let Ok(hosts) = self.look().await
        {
            let since = Some(Instant::now());
            *known = Known { since, hosts };
        }
        known.hosts.get(host).cloned()
    }

    /// Who serves what, by what those tell that keep it.
    async fn look(&self) -> Result<BTreeMap<String, Vec<Peer>>, Refusal> {
        let workloads = self.api.workloads().await?;
        let members: BTreeMap<AgentId, Peer> = self.api.others().await?.into_iter().collect();
        let mut found = BTreeMap::<String, Vec<Peer>>::new();
        for workload in workloads {
            let kept = workload
                .hostings
                .iter()
                .filter(|its| its.runs && its.state == "kept");
            let servers = kept.filter_map(|its| {
                let agent: AgentId = its.node_id.parse().ok()?;
                members.get(&agent).copied()
            });
            let servers: Vec<Peer> = servers.collect();
            for host in workload.hosts {
                found.entry(host).or_default().extend(&servers);
            }
        }
        Ok(found)
    }
}

//! What answers: this node's own agent, and other nodes on its behalf.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use gary_agent::Agent;
use gary_promise::{AgentId, PromiseId, Settlement, Time, WorkloadId, WorkloadName};
use gary_transport::{Lane, Peer, Transport};
use gary_wire::WireCodec;
use http_body_util::{BodyExt, Empty, Full, Limited};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};

use super::node::NodeState;
use super::words::{Refused, ThisNode};
use super::workload::{HostedShown, WorkloadShown};
use super::{kept, view};
use crate::chronicle::Chronicle;
use crate::components::Components;
use crate::disk::RevocationStore;
use crate::event::{self, Event, look};
use crate::gate::{Gate, agent};
use crate::host::Records;
use crate::logs::Logs;
use crate::members;
use crate::peer_http::{self, Kind};

/// How long another node has to answer what is asked of it on somebody's behalf.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// The longest answer that is taken from another node, in bytes.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// The most components that are left with a node at once. Each is held whole until it is on disk.
pub(crate) const UPLOADS_MAX: usize = 2;

/// What answers.
pub(crate) struct Api {
    pub(crate) this: ThisNode,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) components: Arc<Components>,
    pub(crate) logs: Logs,
    pub(crate) records: Arc<Records>,
    pub(crate) chronicle: Arc<Chronicle>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) revocation_store: RevocationStore,
    /// Held by whoever leaves a component.
    pub(crate) uploads: Semaphore,
    /// Held by whoever takes a list of revoked keys.
    pub(crate) revoking: tokio::sync::Mutex<()>,
}

/// Why something is not answered.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) StatusCode, pub(crate) String);

/// What a node keeps and hosts, for other nodes to see.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PeerView {
    pub(super) kept: Vec<WorkloadShown>,
    pub(super) hosted: Vec<HostedShown>,
}

impl Api {
    /// Looks at the agent, or has it do something.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Agent<WireCodec>, Time) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        look(&self.events, what).await.ok_or_else(Refusal::ending)
    }

    /// Has the agent do something, and waits until all that follows from it is stored.
    pub(super) async fn stored<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Agent<WireCodec>, Time) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let stored = event::stored(&self.events, what).await;
        stored.ok_or_else(Refusal::ending)
    }

    /// Has the agent have an intent kept, and waits for what becomes of that or why it is refused.
    pub(super) async fn settled<E: Send + 'static>(
        &self,
        begin: impl FnOnce(&mut Agent<WireCodec>, Time) -> Result<PromiseId, E> + Send + 'static,
    ) -> Result<Result<Settlement, E>, Refusal> {
        let settled = event::settled(&self.events, begin).await;
        settled.ok_or_else(Refusal::ending)
    }

    /// The other members, and where they are.
    pub(crate) async fn others(&self) -> Result<Vec<(AgentId, Peer)>, Refusal> {
        self.with(|agent, _| members::others(agent)).await
    }

    /// Who keeps a name besides this node, as far as they are there; and whether anybody does.
    pub(super) async fn keepers(&self, name: WorkloadName) -> Result<(Vec<Peer>, bool), Refusal> {
        let keepers = self.with(move |agent, _| {
            let keepers = agent.dealings().keepers_of(&name);
            Vec::from_iter(keepers.map(|(agent, _)| agent))
        });
        let keepers = keepers.await?;
        let others = self.others().await?.into_iter();
        let peers = others.filter(|(its, _)| keepers.contains(its));
        let peers = Vec::from_iter(peers.map(|(_, peer)| peer));
        Ok((peers, !keepers.is_empty()))
    }

    /// Begins to ask another node something, over a stream of its own.
    pub(super) async fn open(
        &self,
        peer: Peer,
        lane: Lane,
        path: &str,
    ) -> Option<http::Response<Incoming>> {
        let request = http::Request::get(path)
            .header(http::header::HOST, "peer")
            .body(Empty::new().map_err(|never| match never {}).boxed_unsync())
            .ok()?;
        let sent = peer_http::send(&self.transport, peer, lane, Kind::Api, request);
        let sent = tokio::time::timeout(ANSWERS_WITHIN, sent).await.ok()?;
        let response = sent.ok()?;
        (response.status() == StatusCode::OK).then_some(response)
    }

    /// Tells another node something. Whether that was heard is not known.
    pub(super) async fn tell(&self, peer: Peer, path: &str, body: Bytes) {
        let body = Full::new(body)
            .map_err(|never| match never {})
            .boxed_unsync();
        let request = http::Request::put(path).header(http::header::HOST, "peer");
        let Ok(request) = request.body(body) else {
            return;
        };
        let sent = peer_http::send(&self.transport, peer, Lane::Talk, Kind::Api, request);
        // Who does not hear of it now asks in its own time.
        let _ = tokio::time::timeout(ANSWERS_WITHIN, sent).await;
    }

    /// What another node answers, within a while.
    pub(super) async fn ask(&self, peer: Peer, path: &str) -> Option<Vec<u8>> {
        self.ask_for(peer, path, ANSWER_BYTES_MAX).await
    }

    /// The same, of an answer that is no longer than that.
    pub(crate) async fn ask_for(
        &self,
        peer: Peer,
        path: &str,
        bytes_max: usize,
    ) -> Option<Vec<u8>> {
        let ask = async {
            let response = self.open(peer, Lane::Talk, path).await?;
            let body = Limited::new(response.into_body(), bytes_max);
            Some(body.collect().await.ok()?.to_bytes().to_vec())
        };
        tokio::time::timeout(ANSWERS_WITHIN, ask).await.ok()?
    }

    async fn ask_json<T: DeserializeOwned>(&self, peer: Peer, path: &str) -> Option<T> {
        serde_json::from_slice(&self.ask(peer, path).await?).ok()
    }

    /// How this node is.
    pub(crate) async fn state(&self) -> Result<NodeState, Refusal> {
        let this = self.this.clone();
        self.with(move |agent, now| view::own_state(agent, this, now))
            .await
    }

    /// What this node keeps and hosts.
    pub(super) async fn own_view(&self) -> Result<PeerView, Refusal> {
        let kept = self.with(|agent, now| kept::kept(agent, now)).await?;
        let hosted = self.records.shown();
        Ok(PeerView { kept, hosted })
    }

    /// All workloads, each as that of its keepers tells who sees most of it.
    pub(crate) async fn workloads(&self) -> Result<Vec<WorkloadShown>, Refusal> {
        let others = self.others().await?;
        let peers = Vec::from_iter(others.into_iter().map(|(_, peer)| peer));
        self.seen_by(&peers).await
    }

    /// The workload of this name, by those who keep it and host it. Of two, the one whose name it is comes first.
    pub(crate) async fn workload(&self, name: &str) -> Result<WorkloadShown, Refusal> {
        self.look_for(name).await?
    }

    /// The same, or why there is nothing to be seen of it: nobody keeps it, or nobody answers who does. It is an error where
    /// this node could not look.
    pub(super) async fn look_for(
        &self,
        name: &str,
    ) -> Result<Result<WorkloadShown, Refusal>, Refusal> {
        let (keepers, is_kept) = self.keepers(parsed(name)?).await?;
        let mut seen = self.seen_by(&keepers).await?;
        seen.retain(|its| its.name == name);
        let Some(mut workload) = seen.into_iter().next() else {
            return Ok(Err(match is_kept {
                true => {
                    let why = format!("no node answers that keeps {name}");
                    Refusal(StatusCode::SERVICE_UNAVAILABLE, why)
                }
                false => Refusal::unknown(name),
            }));
        };
        // Its hosts that keep nothing of it have not been asked yet.
        let others = self.others().await?.into_iter();
        let hosts = others.filter(|(agent, peer)| {
            let agent = agent.to_string();
            let is_host = workload.hostings.iter().any(|its| its.node_id == agent)
                || workload.failing.iter().any(|its| its.node_id == agent);
            is_host && !keepers.contains(peer)
        });
        let hosts = Vec::from_iter(hosts.map(|(_, peer)| peer));
        let views = self.views(&hosts).await;
        add_hosted(std::slice::from_mut(&mut workload), views);
        Ok(Ok(workload))
    }

    /// What others keep and host, each with its id.
    pub(super) async fn views(&self, peers: &[Peer]) -> Vec<(String, PeerView)> {
        let asked = peers.iter().map(async |peer| {
            let view = self.ask_json::<PeerView>(*peer, "/v1/view").await?;
            Some((agent(peer.key).to_string(), view))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    async fn seen_by(&self, peers: &[Peer]) -> Result<Vec<WorkloadShown>, Refusal> {
        let mut views = self.views(peers).await;
        views.push((self.this.id.clone(), self.own_view().await?));
        let mut shown = BTreeMap::<String, WorkloadShown>::new();
        let kept = views
            .iter_mut()
            .map(|(_, view)| std::mem::take(&mut view.kept));
        for its in kept.flatten() {
            let sees = |its: &WorkloadShown| (its.generation, its.running(), its.hostings.len());
            let known = shown.get(&its.id);
            if known.is_none_or(|known| sees(known) < sees(&its)) {
                shown.insert(its.id.clone(), its);
            }
        }
        let mut shown = Vec::from_iter(shown.into_values());
        add_hosted(&mut shown, views);
        shown.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        Ok(shown)
    }
}

/// Adds what hosts say of what they host. What a host says nothing of does not run there, whatever it has promised: something
/// exclusive that is not granted to it.
fn add_hosted(workloads: &mut [WorkloadShown], views: Vec<(String, PeerView)>) {
    let answered = BTreeSet::from_iter(views.iter().map(|(node, _)| node.clone()));
    for its in views.into_iter().flat_map(|(_, view)| view.hosted) {
        let of = workloads.iter_mut().find(|of| of.id == its.workload);
        let Some(workload) = of else { continue };
        let mut failing = workload.failing.iter_mut();
        let is_later = |known: &Option<super::workload::EndShown>| {
            let at = |end: &Option<super::workload::EndShown>| end.as_ref().map(|end| end.at_ms);
            at(&its.last_end) > at(known)
        };
        if let Some(failing) =
            failing.find(|fails| fails.slot == its.slot && is_later(&fails.last_end))
        {
            failing.last_end.clone_from(&its.last_end);
        }
        let mut hostings = workload.hostings.iter_mut();
        if let Some(hosting) = hostings.find(|of| of.promise == its.promise) {
            hosting.host = Some(its);
        }
    }
    let hostings = workloads.iter_mut().flat_map(|its| &mut its.hostings);
    for hosting in hostings.filter(|its| its.host.is_none() && answered.contains(&its.node_id)) {
        hosting.runs = false;
    }
}

pub(super) fn parsed(name: &str) -> Result<WorkloadName, Refusal> {
    let why = |error| Refusal::bad(format!("{name} is no name: {error}"));
    name.parse().map_err(why)
}

pub(crate) fn parsed_workload(id: &str) -> Result<WorkloadId, Refusal> {
    let why = |error| Refusal::bad(format!("{id} is no workload: {error}"));
    id.parse().map_err(why)
}

impl Refusal {
    pub(crate) fn ending() -> Self {
        Self(
            StatusCode::SERVICE_UNAVAILABLE,
            "the node is ending".to_owned(),
        )
    }

    pub(super) fn unknown(name: &str) -> Self {
        Self(
            StatusCode::NOT_FOUND,
            format!("no workload is called {name}"),
        )
    }

    pub(super) const fn bad(why: String) -> Self {
        Self(StatusCode::BAD_REQUEST, why)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, error) = self;
        (status, Json(Refused { error })).into_response()
    }
}

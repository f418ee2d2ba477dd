//! Where everything is that can be asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use futures::future::join_all;
use gary_agent::{Acknowledgement, Agent};
use gary_host::ARTIFACT_BYTES_MAX;
use gary_promise::{AgentId, Codec, ComponentDigest, SignedRecord, Time, WorkloadName};
use gary_transport::{Lane, Peer, Transport};
use gary_wire::WireCodec;
use http_body_util::{BodyExt, Empty, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};

use super::words::{NodeShown, Refused, SettlementShown, ThisNode, WorkloadShown};
use super::{intents, view};
use crate::components::Components;
use crate::event::{Ask, Event};
use crate::gate::key;
use crate::peer_http::{self, Kind};

/// How long another node has to answer what is asked of it on somebody's behalf.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// The longest answer that is taken from another node, in bytes.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// What answers.
pub(crate) struct Api {
    pub(crate) this: ThisNode,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) components: Arc<Components>,
}

/// Why something is not answered.
pub(crate) struct Refusal(StatusCode, String);

type Answer<T> = Result<Json<T>, Refusal>;

/// What people ask, on this machine or by a stream of their own.
pub(crate) fn for_people(api: Arc<Api>) -> Router {
    Router::new()
        .route("/v1/node", get(node))
        .route("/v1/nodes", get(nodes))
        .route("/v1/workloads", get(workloads))
        .route("/v1/workloads/{name}/intent", get(intent))
        .route("/v1/intents", post(submit))
        .route("/v1/components/{digest}", put(put_component))
        .route("/v1/stop", post(stop))
        .layer(DefaultBodyLimit::max(body_bytes_max()))
        .with_state(api)
}

/// What other nodes ask.
pub(crate) fn for_peers(api: Arc<Api>) -> Router {
    Router::new()
        .route("/v1/kept", get(kept))
        .route("/v1/kept/{name}/intent", get(kept_intent))
        .route("/v1/components/{digest}", get(component))
        .with_state(api)
}

fn body_bytes_max() -> usize {
    usize::try_from(ARTIFACT_BYTES_MAX).unwrap_or(usize::MAX)
}

impl Api {
    /// Looks at the agent, or has it do something.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Agent<WireCodec>, Time) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (tell, told) = oneshot::channel();
        let look = move |agent: &mut Agent<WireCodec>, now: Time| {
            // Whoever asked may have left.
            let _ = tell.send(what(agent, now));
        };
        let ask = Event::Asked(Ask::With(Box::new(look)));
        self.events.send(ask).await.map_err(|_| ending())?;
        told.await.map_err(|_| ending())
    }

    /// The other members, and where they are.
    pub(crate) async fn others(&self) -> Result<Vec<(AgentId, Peer)>, Refusal> {
        self.with(|agent, _| {
            let me = agent.id();
            let members = agent.membership().members().into_values();
            let others = members.map(|its| its.id).filter(|its| its.agent != me);
            let others = others.map(|its| {
                let address = its.address;
                let peer = Peer {
                    key: key(its.agent),
                    address,
                };
                (its.agent, peer)
            });
            others.collect()
        })
        .await
    }

    /// What another node answers, within a while.
    async fn ask(&self, peer: Peer, path: &str) -> Option<Vec<u8>> {
        let request = http::Request::get(path)
            .header(http::header::HOST, "peer")
            .body(Empty::new().map_err(|never| match never {}).boxed_unsync())
            .ok()?;
        let ask = async {
            let sent = peer_http::send(&self.transport, peer, Lane::Talk, Kind::Api, request);
            let response = sent.await.ok()?;
            if response.status() != StatusCode::OK {
                return None;
            }
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
            Some(body.collect().await.ok()?.to_bytes().to_vec())
        };
        tokio::time::timeout(ANSWERS_WITHIN, ask).await.ok()?
    }

    /// All workloads, each as that of its keepers tells who sees most of it.
    pub(crate) async fn workloads(&self) -> Result<Vec<WorkloadShown>, Refusal> {
        let own = self.with(|agent, now| view::kept(agent, now)).await?;
        let others = self.others().await?;
        let asked = others
            .iter()
            .map(|(_, peer)| self.ask_json::<Vec<WorkloadShown>>(*peer, "/v1/kept"));
        let told = join_all(asked).await.into_iter().flatten().flatten();
        let mut shown = BTreeMap::<String, WorkloadShown>::new();
        for its in own.into_iter().chain(told) {
            let sees = |its: &WorkloadShown| {
                let running = its.hostings.iter().filter(|its| its.runs).count();
                (its.generation, running, its.hostings.len())
            };
            let known = shown.get(&its.id);
            if known.is_none_or(|known| sees(known) < sees(&its)) {
                shown.insert(its.id.clone(), its);
            }
        }
        let mut shown: Vec<WorkloadShown> = shown.into_values().collect();
        shown.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        Ok(shown)
    }

    async fn ask_json<T: DeserializeOwned>(&self, peer: Peer, path: &str) -> Option<T> {
        serde_json::from_slice(&self.ask(peer, path).await?).ok()
    }
}

async fn node(State(api): State<Arc<Api>>) -> Json<ThisNode> {
    Json(api.this.clone())
}

async fn nodes(State(api): State<Arc<Api>>) -> Answer<Vec<NodeShown>> {
    Ok(Json(api.with(|agent, _| view::nodes(agent)).await?))
}

async fn workloads(State(api): State<Arc<Api>>) -> Answer<Vec<WorkloadShown>> {
    Ok(Json(api.workloads().await?))
}

async fn kept(State(api): State<Arc<Api>>) -> Answer<Vec<WorkloadShown>> {
    Ok(Json(api.with(|agent, now| view::kept(agent, now)).await?))
}

/// The intent that stands under a name, as its owner signed it.
async fn intent(State(api): State<Arc<Api>>, Path(name): Path<String>) -> Result<Vec<u8>, Refusal> {
    let workload = parsed(&name)?;
    if let Some(own) = own_intent(&api, workload.clone()).await? {
        return Ok(own);
    }
    let keepers = api
        .with(move |agent, _| {
            let keepers = agent.dealings().keepers_of(&workload);
            Vec::from_iter(keepers.map(|(agent, _)| agent))
        })
        .await?;
    let others = api.others().await?;
    for (_, peer) in others.into_iter().filter(|(its, _)| keepers.contains(its)) {
        if let Some(intent) = api.ask(peer, &format!("/v1/kept/{name}/intent")).await {
            return Ok(intent);
        }
    }
    let why = match keepers.is_empty() {
        true => format!("no workload is called {name}"),
        false => format!("no node answers that keeps {name}"),
    };
    let status = match keepers.is_empty() {
        true => StatusCode::NOT_FOUND,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    Err(Refusal(status, why))
}

async fn kept_intent(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Vec<u8>, Refusal> {
    let own = own_intent(&api, parsed(&name)?).await?;
    own.ok_or_else(|| Refusal(StatusCode::NOT_FOUND, format!("{name} is not kept here")))
}

async fn own_intent(api: &Api, name: WorkloadName) -> Result<Option<Vec<u8>>, Refusal> {
    api.with(move |agent, _| {
        let dealings = agent.dealings();
        let mut kept = dealings
            .kept()
            .filter_map(|(its, ..)| dealings.intent(&its));
        let intent = kept.find(|its| match its.body() {
            gary_promise::Body::Use(wanted) => wanted.name == name,
            _ => false,
        })?;
        let record = SignedRecord::Promise(intent.signed().clone());
        Some(WireCodec.pack(&record))
    })
    .await
}

#[derive(Deserialize)]
struct SubmitQuery {
    #[serde(default)]
    ack: Option<String>,
}

/// Submits an intent, and waits for what becomes of it.
async fn submit(
    State(api): State<Arc<Api>>,
    Query(query): Query<SubmitQuery>,
    body: Bytes,
) -> Answer<SettlementShown> {
    let refused = |why: String| Refusal(StatusCode::BAD_REQUEST, why);
    let acknowledgement = match query.ack.as_deref() {
        None | Some("majority") => Acknowledgement::Majority,
        Some("local") => Acknowledgement::Local,
        Some(other) => return Err(refused(format!("ack is majority or local, not {other}"))),
    };
    let intent = intents::unpack(&body).map_err(refused)?;
    let (told, settled) = oneshot::channel();
    let ask = Ask::Submit {
        intent,
        acknowledgement,
        told,
    };
    api.events
        .send(Event::Asked(ask))
        .await
        .map_err(|_| ending())?;
    match settled.await.map_err(|_| ending())? {
        Ok(settlement) => Ok(Json(intents::shown(&settlement, acknowledgement))),
        Err(why) => Err(Refusal(intents::status(&why), why.to_string())),
    }
}

async fn put_component(
    State(api): State<Arc<Api>>,
    Path(digest): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let component = digest_of(&digest)?;
    let put = api.components.put(component, body).await;
    put.map_err(|error| Refusal(StatusCode::INSUFFICIENT_STORAGE, error.to_string()))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn component(
    State(api): State<Arc<Api>>,
    Path(digest): Path<String>,
) -> Result<Vec<u8>, Refusal> {
    let own = api.components.own(digest_of(&digest)?).await;
    let own = own.map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    own.ok_or_else(|| Refusal(StatusCode::NOT_FOUND, format!("{digest} is not here")))
}

async fn stop(State(api): State<Arc<Api>>) -> Result<StatusCode, Refusal> {
    let ask = Event::Asked(Ask::Stop);
    api.events.send(ask).await.map_err(|_| ending())?;
    Ok(StatusCode::NO_CONTENT)
}

fn parsed(name: &str) -> Result<WorkloadName, Refusal> {
    let why = |error| {
        Refusal(
            StatusCode::BAD_REQUEST,
            format!("{name} is no name: {error}"),
        )
    };
    name.parse().map_err(why)
}

fn digest_of(text: &str) -> Result<ComponentDigest, Refusal> {
    let why = |error| {
        Refusal(
            StatusCode::BAD_REQUEST,
            format!("{text} is no digest: {error}"),
        )
    };
    text.parse().map_err(why)
}

fn ending() -> Refusal {
    Refusal(
        StatusCode::SERVICE_UNAVAILABLE,
        "the node is ending".to_owned(),
    )
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, error) = self;
        (status, Json(Refused { error })).into_response()
    }
}

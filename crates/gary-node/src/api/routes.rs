//! Where everything is that can be asked.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use gary_agent::{Acknowledgement, Agent};
use gary_host::ARTIFACT_BYTES_MAX;
use gary_promise::{Codec, ComponentDigest, Generation, SignedRecord, WorkloadName};
use gary_wire::WireCodec;
use serde::Deserialize;

use super::access::{Api, PeerView, Refusal, parsed};
use super::node::{NodeShown, PromiseShown};
use super::why::{Cause, of_workload};
use super::words::{Refused, SettlementShown, ThisNode};
use super::workload::{StoodShown, WorkloadShown};
use super::{
    events, intents, kept, logs, operating, pending, promises, recovering, revoking, view,
};
use crate::cluster::Role;
use crate::components::FetchError;

/// How long a component may be on its way: others wait for their turn meanwhile.
const UPLOADS_WITHIN: Duration = Duration::from_secs(60);

type Answer<T> = Result<Json<T>, Refusal>;

/// What people ask on this machine: its operator, who has a say in what the node does.
pub(crate) fn for_people(api: Arc<Api>) -> Router {
    let operator = Router::new()
        .route("/v1/node/drain", post(operating::drain))
        .route("/v1/node/undrain", post(operating::undrain))
        .route("/v1/node/restart", post(operating::restart))
        .route("/v1/node/stop", post(operating::stop))
        .with_state(Arc::clone(&api));
    for_all_people(api).merge(operator)
}

/// What people ask over the network, by what they were admitted as.
pub(crate) fn for_clients(api: Arc<Api>, role: Role) -> Router {
    let routes = for_all_people(api).fallback(async |uri: Uri| {
        let why = match uri.path().starts_with("/v1/node/") {
            true => "what a node does is its operator's to say, on its own machine",
            false => "there is nothing of that kind here",
        };
        Refusal(StatusCode::FORBIDDEN, why.to_owned())
    });
    match role {
        Role::Member | Role::Client => routes,
        Role::Reader => routes.layer(middleware::from_fn(only_reads)),
    }
}

/// Whoever was admitted to look changes nothing.
async fn only_reads(request: Request, next: Next) -> Response {
    if request.method() == Method::GET {
        return next.run(request).await;
    }
    let why = "this key was admitted to look, and not to change anything";
    Refusal(StatusCode::FORBIDDEN, why.to_owned()).into_response()
}

fn for_all_people(api: Arc<Api>) -> Router {
    Router::new()
        .route("/v1/node", get(node))
        .route("/v1/node/state", get(operating::state))
        .route("/v1/nodes", get(nodes))
        .route("/v1/promises", get(promises))
        .route("/v1/events", get(events::of_all))
        .route("/v1/workloads", get(workloads))
        .route("/v1/workloads/{name}", get(workload))
        .route("/v1/workloads/{name}/why", get(why))
        .route("/v1/workloads/{name}/logs", get(logs::of_workload))
        .route("/v1/workloads/{name}/history", get(history))
        .route("/v1/workloads/{name}/intent", get(intent))
        .route(
            "/v1/workloads/{name}/recovery",
            get(recovering::assess).post(recovering::recover),
        )
        .route("/v1/intents", post(submit))
        .route("/v1/pending", get(pending::list))
        .route("/v1/pending/withdraw", post(pending::withdraw))
        .route(
            "/v1/pending/{owner}/{number}",
            get(pending::intent).delete(pending::dismiss),
        )
        .route("/v1/components/{digest}", put(put_component))
        .route("/v1/revocations", get(revoking::list).put(revoking::put))
        .with_state(api)
}

/// What other nodes ask.
pub(crate) fn for_peers(api: Arc<Api>) -> Router {
    Router::new()
        .route("/v1/view", get(own_view))
        .route(
            "/v1/revocations",
            get(revoking::own_list).put(revoking::told),
        )
        .route("/v1/events", get(events::of_this_node))
        .route("/v1/logs/{workload}", get(logs::of_this_node))
        .route("/v1/kept/{name}/history", get(kept_history))
        .route("/v1/kept/{name}/intent", get(kept_intent))
        .with_state(api)
}

fn body_bytes_max() -> usize {
    usize::try_from(ARTIFACT_BYTES_MAX).unwrap_or(usize::MAX)
}

/// What the node says of itself
#[utoipa::path(get, path = "/v1/node", responses((status = 200, body = ThisNode)))]
pub(super) async fn node(State(api): State<Arc<Api>>) -> Answer<ThisNode> {
    // Whoever looks for a node to ask is better off with another.
    match api.events.is_closed() {
        true => Err(Refusal::ending()),
        false => Ok(Json(api.this.clone())),
    }
}

/// The nodes that it sees
#[utoipa::path(get, path = "/v1/nodes", responses((status = 200, body = Vec<NodeShown>)))]
pub(super) async fn nodes(State(api): State<Arc<Api>>) -> Answer<Vec<NodeShown>> {
    Ok(Json(api.with(|agent, now| view::nodes(agent, now)).await?))
}

/// The promises in its scope, and what it makes of them
#[utoipa::path(get, path = "/v1/promises", responses((status = 200, body = Vec<PromiseShown>)))]
pub(super) async fn promises(State(api): State<Arc<Api>>) -> Answer<Vec<PromiseShown>> {
    let shown = api.with(|agent, now| promises::promises_shown(agent, now));
    Ok(Json(shown.await?))
}

/// The workloads of its cluster
#[utoipa::path(get, path = "/v1/workloads", responses((status = 200, body = Vec<WorkloadShown>)))]
pub(super) async fn workloads(State(api): State<Arc<Api>>) -> Answer<Vec<WorkloadShown>> {
    Ok(Json(api.workloads().await?))
}

/// A workload, by those who keep it and host it
#[utoipa::path(get, path = "/v1/workloads/{name}", params(("name" = String, Path, description = "The name of the workload")), responses((status = 200, body = WorkloadShown)))]
pub(super) async fn workload(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Answer<WorkloadShown> {
    Ok(Json(api.workload(&name).await?))
}

/// Why a workload is as it is
#[utoipa::path(get, path = "/v1/workloads/{name}/why", params(("name" = String, Path, description = "The name of the workload")), responses((status = 200, body = Cause)))]
pub(super) async fn why(State(api): State<Arc<Api>>, Path(name): Path<String>) -> Answer<Cause> {
    let left_here = pending::causes(&api, &name).await?;
    let mut cause = match api.look_for(&name).await? {
        Ok(workload) => of_workload(&workload),
        Err(refusal) if left_here.is_empty() => return Err(refusal),
        // What is left with this node is all that is known of it.
        Err(Refusal(_, what)) => Cause {
            what,
            by: api.this.name.clone(),
            ..Cause::default()
        },
    };
    cause.because.extend(left_here);
    Ok(Json(cause))
}

async fn own_view(State(api): State<Arc<Api>>) -> Answer<PeerView> {
    Ok(Json(api.own_view().await?))
}

/// Which generation somebody asks for; the one that stands if they do not say.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct GenerationQuery {
    generation: Option<u64>,
}

impl GenerationQuery {
    fn generation(self) -> Result<Option<Generation>, Refusal> {
        let generation = self.generation.map(|number| {
            let none = || Refusal::bad(format!("there is no generation {number}"));
            Generation::new(number).ok_or_else(none)
        });
        generation.transpose()
    }
}

/// An intent under a name, as its owner signed it, packed
#[utoipa::path(get, path = "/v1/workloads/{name}/intent", params(("name" = String, Path, description = "The name of the workload"), ("generation" = Option<u64>, Query, description = "An earlier one")), responses((status = 200, body = [u8], content_type = "application/octet-stream")))]
pub(super) async fn intent(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    Query(query): Query<GenerationQuery>,
) -> Result<Vec<u8>, Refusal> {
    let generation = query.generation()?;
    let own = own_intent(&api, parsed(&name)?, generation).await?;
    let asked = match query.generation {
        Some(generation) => format!("/v1/kept/{name}/intent?generation={generation}"),
        None => format!("/v1/kept/{name}/intent"),
    };
    let intent = by_keeper(&api, &name, own, &asked).await;
    match (query.generation, intent) {
        // Its keepers may be there, and remember no such generation.
        (Some(generation), Err(refusal)) => {
            let Json(history) = history(State(api), Path(name.clone())).await?;
            match history.iter().any(|its| its.generation == generation) {
                true => Err(refusal),
                false => {
                    let why = format!("no keeper of {name} remembers generation {generation}");
                    Err(Refusal(StatusCode::NOT_FOUND, why))
                }
            }
        }
        (_, intent) => intent,
    }
}

async fn kept_intent(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    Query(query): Query<GenerationQuery>,
) -> Result<Vec<u8>, Refusal> {
    let own = own_intent(&api, parsed(&name)?, query.generation()?).await?;
    own.ok_or_else(|| not_kept_here(&name))
}

async fn own_intent(
    api: &Api,
    name: WorkloadName,
    generation: Option<Generation>,
) -> Result<Option<Vec<u8>>, Refusal> {
    api.with(move |agent, _| {
        let intent = kept::intent(agent, &name, generation)?;
        let record = SignedRecord::Promise(intent.signed().clone());
        Some(WireCodec.pack(&record))
    })
    .await
}

/// The intents under a name, as far as a keeper remembers them
#[utoipa::path(get, path = "/v1/workloads/{name}/history", params(("name" = String, Path, description = "The name of the workload")), responses((status = 200, body = Vec<StoodShown>)))]
pub(super) async fn history(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Answer<Vec<StoodShown>> {
    let own = own_history(&api, &name).await?;
    let path = format!("/v1/kept/{name}/history");
    let bytes = by_keeper(&api, &name, own, &path).await?;
    let history = serde_json::from_slice(&bytes).map_err(|_| not_kept_here(&name))?;
    Ok(Json(history))
}

async fn kept_history(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Vec<u8>, Refusal> {
    let own = own_history(&api, &name).await?;
    own.ok_or_else(|| not_kept_here(&name))
}

async fn own_history(api: &Api, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
    let name = parsed(name)?;
    let history = api
        .with(move |agent, _| kept::history(agent, &name))
        .await?;
    let is_kept = !history.is_empty();
    Ok(is_kept.then(|| serde_json::to_vec(&history).unwrap_or_default()))
}

/// What a keeper of a name answers: this node if it is one, else the first of the others that does.
async fn by_keeper(
    api: &Api,
    name: &str,
    own: Option<Vec<u8>>,
    path: &str,
) -> Result<Vec<u8>, Refusal> {
    if let Some(own) = own {
        return Ok(own);
    }
    let (keepers, is_kept) = api.keepers(parsed(name)?).await?;
    for peer in keepers {
        if let Some(answer) = api.ask(peer, path).await {
            return Ok(answer);
        }
    }
    Err(match is_kept {
        true => {
            let why = format!("no node answers that keeps {name} and knows it");
            Refusal(StatusCode::SERVICE_UNAVAILABLE, why)
        }
        false => Refusal::unknown(name),
    })
}

fn not_kept_here(name: &str) -> Refusal {
    Refusal(StatusCode::NOT_FOUND, format!("{name} is not kept here"))
}

#[derive(Deserialize)]
pub(super) struct SubmitQuery {
    #[serde(default)]
    ack: Option<String>,
}

/// Submit an intent that its owner has signed, packed, and wait for what becomes of it
#[utoipa::path(post, path = "/v1/intents", params(("ack" = Option<String>, Query, description = "`majority`, or `local` to leave it with the node")), request_body(content = [u8], content_type = "application/octet-stream"), responses((status = 200, body = SettlementShown), (status = 403, body = Refused), (status = 409, body = Refused)))]
pub(super) async fn submit(
    State(api): State<Arc<Api>>,
    Query(query): Query<SubmitQuery>,
    body: Bytes,
) -> Answer<SettlementShown> {
    let acknowledgement = match query.ack.as_deref() {
        None | Some("majority") => Acknowledgement::Majority,
        Some("local") => Acknowledgement::Local,
        Some(other) => {
            let why = format!("ack is majority or local, not {other}");
            return Err(Refusal::bad(why));
        }
    };
    let intent = intents::unpack(&body).map_err(Refusal::bad)?;
    let submit = move |agent: &mut Agent<_>, now| agent.submit(now, intent, acknowledgement);
    match api.settled(submit).await? {
        Ok(settlement) => Ok(Json(intents::shown(&settlement, acknowledgement))),
        Err(why) => Err(Refusal(intents::status(&why), why.to_string())),
    }
}

/// Leave a component with the node
#[utoipa::path(put, path = "/v1/components/{digest}", params(("digest" = String, Path, description = "`sha256:` and 64 hexadecimal digits")), request_body(content = [u8], content_type = "application/octet-stream"), responses((status = 204, description = "it is kept")))]
pub(super) async fn put_component(
    State(api): State<Arc<Api>>,
    Path(digest): Path<String>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let component = digest_of(&digest)?;
    // It is held whole until it is on disk. Whoever sends one more waits.
    let _turn = api.uploads.acquire().await.map_err(|_| Refusal::ending())?;
    let body = axum::body::to_bytes(request.into_body(), body_bytes_max());
    let body = tokio::time::timeout(UPLOADS_WITHIN, body).await;
    let slow = || {
        Refusal(
            StatusCode::REQUEST_TIMEOUT,
            "it comes too slowly".to_owned(),
        )
    };
    let body = body.map_err(|_| slow())?;
    let body = body.map_err(|error| Refusal(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()))?;
    let put = api.components.put(component, body).await;
    put.map_err(|error| {
        let status = match error {
            FetchError::Alone => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INSUFFICIENT_STORAGE,
        };
        Refusal(status, error.to_string())
    })?;
    Ok(StatusCode::NO_CONTENT)
}

fn digest_of(text: &str) -> Result<ComponentDigest, Refusal> {
    let why = |error| Refusal::bad(format!("{text} is no digest: {error}"));
    text.parse().map_err(why)
}

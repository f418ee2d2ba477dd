//! What the operator of a node has it do: take nothing on, leave, start again, end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use gary_agent::{Afterwards, Drain};
use gary_promise::Notice;
use serde::Deserialize;

use super::access::{Api, Refusal};
use super::node::NodeState;
use crate::event::{Ask, Event};

/// How long those who keep what this node hosts have to hear that it is away by plan.
const HEARS_WITHIN: Duration = Duration::from_secs(3);

/// How often they are asked.
const ASKS_EVERY: Duration = Duration::from_millis(50);

/// For how long a drained node hosts what nobody else does, and whether it leaves then.
#[derive(Debug, Deserialize)]
pub(super) struct DrainQuery {
    within_ms: u32,
    #[serde(default)]
    leave: bool,
}

/// For how long a node is away by plan.
#[derive(Debug, Deserialize)]
pub(super) struct RestartQuery {
    back_within_ms: Option<u32>,
}

/// How the node is, by its own word
#[utoipa::path(get, path = "/v1/node/state", responses((status = 200, body = NodeState)))]
pub(super) async fn state(State(api): State<Arc<Api>>) -> Result<Json<NodeState>, Refusal> {
    Ok(Json(api.state().await?))
}

/// Have the node take nothing on and let others take over what it has; on its own machine only
#[utoipa::path(post, path = "/v1/node/drain", params(("within_ms" = u32, Query, description = "How long it hosts on what nobody takes over"), ("leave" = Option<bool>, Query, description = "Whether it leaves its cluster then")), responses((status = 200, body = NodeState)))]
pub(super) async fn drain(
    State(api): State<Arc<Api>>,
    Query(query): Query<DrainQuery>,
) -> Result<Json<NodeState>, Refusal> {
    let within = notice(query.within_ms)?;
    let then = match query.leave {
        true => Afterwards::Leaves,
        false => Afterwards::Stays,
    };
    let drain = Drain { within, then };
    api.stored(move |agent, now| agent.drain(now, drain))
        .await?;
    let what = match query.leave {
        true => "is drained, and leaves",
        false => "is drained",
    };
    api.chronicle.add(&api.this.name, what);
    state(State(api)).await
}

/// Have the node take things on again; on its own machine only
#[utoipa::path(post, path = "/v1/node/undrain", responses((status = 200, body = NodeState)))]
pub(super) async fn undrain(State(api): State<Arc<Api>>) -> Result<Json<NodeState>, Refusal> {
    api.stored(|agent, now| agent.undrain(now)).await?;
    api.chronicle.add(&api.this.name, "takes things on again");
    state(State(api)).await
}

/// Have the node start again; on its own machine only
///
/// By plan, once those who keep what it hosts have heard that it will be back: they invite nobody else.
#[utoipa::path(post, path = "/v1/node/restart", params(("back_within_ms" = Option<u32>, Query, description = "How soon it says to be back; without it nobody is told")), responses((status = 204, description = "it starts again")))]
pub(super) async fn restart(
    State(api): State<Arc<Api>>,
    Query(query): Query<RestartQuery>,
) -> Result<StatusCode, Refusal> {
    let notice = query.back_within_ms.map(notice).transpose()?;
    api.chronicle.add(&api.this.name, "starts again");
    if let Some(notice) = notice {
        announce(&api, notice).await?;
    }
    ask(&api, Ask::Restart).await
}

async fn announce(api: &Api, notice: Notice) -> Result<(), Refusal> {
    api.with(move |agent, _| agent.announce_absence(notice))
        .await?;
    let until = Instant::now() + HEARS_WITHIN;
    // Who does not hear of it asks others, which is no more than an unplanned end would come to.
    while !is_known_to_be_away(api).await? && Instant::now() < until {
        tokio::time::sleep(ASKS_EVERY).await;
    }
    Ok(())
}

/// Whether all who keep what this node hosts know that it is away by plan.
async fn is_known_to_be_away(api: &Api) -> Result<bool, Refusal> {
    let me = api.this.id.clone();
    let others = api.others().await?;
    let peers = Vec::from_iter(others.into_iter().map(|(_, peer)| peer));
    let views = api.views(&peers).await;
    let kept = views.iter().flat_map(|(_, view)| &view.kept);
    let mut own = kept
        .flat_map(|its| &its.hostings)
        .filter(|its| its.node_id == me);
    Ok(own.all(|its| its.is_away || its.state == "broken"))
}

/// Have the node end; on its own machine only
#[utoipa::path(post, path = "/v1/node/stop", responses((status = 204, description = "it ends")))]
pub(super) async fn stop(State(api): State<Arc<Api>>) -> Result<StatusCode, Refusal> {
    ask(&api, Ask::Stop).await
}

async fn ask(api: &Api, what: Ask) -> Result<StatusCode, Refusal> {
    let asked = api.events.send(Event::Asked(what)).await;
    asked.map_err(|_| Refusal::ending())?;
    Ok(StatusCode::NO_CONTENT)
}

fn notice(ms: u32) -> Result<Notice, Refusal> {
    Notice::from_ms(ms).map_err(|why| Refusal::bad(why.to_string()))
}

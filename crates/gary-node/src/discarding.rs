//! Removes the stores of workloads that are deleted, once it is known that they are.
//!
//! What this node hosts it hears the end of by its keepers. Of stores that were left behind here, as another node took a
//! replica over or the workload was deleted while this one was away, nobody tells: so those are asked who have kept it while it
//! was here. Only the word of one of them that it is deleted counts. That nobody knows of it is no such word.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use gary_promise::{AgentId, Body, WorkloadId};
use tokio::task::spawn_blocking;

use crate::api::{Api, Refusal, parsed_workload};
use crate::later::Later;
use crate::stores::{Noted, Stores};

/// How often it is looked of which workloads there are stores that nobody needs.
const LOOKS_EVERY: Duration = Duration::from_secs(5);

/// How long those who kept a workload are not asked again. It doubles each time.
const WAIT_MIN: Duration = Duration::from_secs(10);

/// How long at most.
const WAIT_MAX: Duration = Duration::from_secs(600);

/// The longest answer of theirs.
const ANSWER_BYTES_MAX: usize = 16;

/// The most workloads that are asked after at once. The others come next.
const ASKED_MAX: usize = 64;

/// Where a node tells others what it knows to be deleted.
pub(crate) fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/v1/over/{workload}", get(told))
        .with_state(api)
}

async fn told(
    State(api): State<Arc<Api>>,
    Path(workload): Path<String>,
) -> Result<Json<bool>, Refusal> {
    let id = parsed_workload(&workload)?;
    let is_over = api.with(move |agent, _| agent.dealings().is_over(&id));
    Ok(Json(is_over.await?))
}

/// Removes what nobody needs any more, for as long as the node runs.
pub(crate) async fn discard(stores: Arc<Stores>, api: Arc<Api>) {
    let mut later = Later::new(WAIT_MIN, WAIT_MAX);
    let mut every = tokio::time::interval(LOOKS_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if look(&stores, &api, &mut later).await.is_err() {
            return;
        }
    }
}

/// What this node's own agent knows of a workload that has stores here.
enum Known {
    /// It is deleted.
    Over,
    /// These keep it, by their sheets.
    Kept(Vec<AgentId>),
    /// Nothing.
    Nothing,
}

async fn look(
    stores: &Arc<Stores>,
    api: &Api,
    later: &mut Later<WorkloadId>,
) -> Result<(), Refusal> {
    let of = Arc::clone(stores);
    let noted = spawn_blocking(move || {
        // It was warned of when it failed first.
        if let Err(error) = of.finish_removing() {
            tracing::debug!(%error, "stores that are being removed cannot be removed yet");
        }
        of.noted()
    });
    let noted = match noted.await {
        Ok(Ok(noted)) => noted,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the stores of workloads cannot be looked at");
            return Ok(());
        }
        Err(_) => return Ok(()),
    };
    later.retain(|workload| noted.iter().any(|(its, _)| its == workload));
    let mut asked = 0;
    for (workload, note) in noted {
        match known(api, workload, &note).await? {
            Known::Over => remove(stores, workload).await,
            Known::Kept(keepers) => {
                later.forget(&workload);
                note_keepers(stores, workload, &note, keepers).await;
            }
            Known::Nothing => {
                let is_later = later.is_later(&workload, Instant::now());
                if is_later || asked == ASKED_MAX {
                    continue;
                }
                asked += 1;
                if others_know(api, workload, &note).await? {
                    remove(stores, workload).await;
                    continue;
                }
                later.failed(workload, Instant::now());
            }
        }
    }
    Ok(())
}

async fn known(api: &Api, workload: WorkloadId, note: &Noted) -> Result<Known, Refusal> {
    let name = note.name();
    api.with(move |agent, _| {
        let dealings = agent.dealings();
        // What it hosts it lets go first.
        let mut offers = dealings.offers();
        let is_hosted = offers.any(|(offer, _)| match offer.body() {
            Body::Host(host) => host.workload == workload,
            _ => false,
        });
        if !is_hosted && dealings.is_over(&workload) {
            return Known::Over;
        }
        let keepers = name.iter().flat_map(|name| dealings.keepers_of(name));
        let keepers = keepers.filter(|(_, its)| *its == workload);
        let keepers = Vec::from_iter(keepers.map(|(keeper, _)| keeper));
        let keeps_it = dealings.intent(&workload).is_some();
        match keepers.is_empty() && !keeps_it && !is_hosted {
            true => Known::Nothing,
            false => Known::Kept(keepers),
        }
    })
    .await
}

/// Whether one of those who kept a workload says that it is deleted.
async fn others_know(api: &Api, workload: WorkloadId, note: &Noted) -> Result<bool, Refusal> {
    let path = format!("/v1/over/{workload}");
    for (agent, peer) in api.others().await? {
        if note.names(&agent)
            && let Some(answer) = api.ask_for(peer, &path, ANSWER_BYTES_MAX).await
            && answer == b"true"
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Notes who keeps a workload now too, to ask them once it is not hosted here any more.
async fn note_keepers(
    stores: &Arc<Stores>,
    workload: WorkloadId,
    note: &Noted,
    keepers: Vec<AgentId>,
) {
    let Some(now) = note.with(keepers) else {
        return;
    };
    let stores = Arc::clone(stores);
    let noted = spawn_blocking(move || stores.note(workload, &now)).await;
    if let Ok(Err(error)) = noted {
        tracing::warn!(%workload, %error, "it cannot be noted who keeps what has stores here");
    }
}

async fn remove(stores: &Arc<Stores>, workload: WorkloadId) {
    let stores = Arc::clone(stores);
    match spawn_blocking(move || stores.remove(workload)).await {
        Ok(Ok(true)) => tracing::info!(%workload, "its stores are removed: it is deleted"),
        Ok(Err(error)) => tracing::warn!(%workload, %error, "its stores cannot be removed"),
        // One of them is open still, or the node ends.
        Ok(Ok(false)) | Err(_) => {}
    }
}

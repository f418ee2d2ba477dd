//! Beginning a name again whose keepers are gone for good: what may be lost, and that it is done.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use gary_agent::{Acknowledgement, Agent, RecoverError, Recovery, RecoveryId};
use gary_promise::{AgentId, Codec, SignedRecord};
use gary_wire::WireCodec;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::{Api, Refusal, parsed};
use super::words::{Refused, SettlementShown};
use super::{intents, view};

/// What a person has to know before a name is begun again at a node that keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecoveryShown {
    /// The name.
    pub name: String,
    /// The node that says so, and would begin it again.
    pub node: String,
    /// Its workload.
    pub workload: String,
    /// The latest generation that the node knows to be committed. Later ones are lost.
    pub generation: u64,
    /// Whether the node has voted for another and never heard whether it was committed. If it was, it is lost.
    pub undecided: bool,
    /// Who keeps the name, as far as the node knows.
    pub keepers: Vec<String>,
    /// Who of them is not there.
    pub missing: Vec<String>,
    /// The generation to sign.
    pub next: u64,
    /// What stands as far as the node knows, as its owner signed it, packed, in hexadecimal digits.
    pub intent: String,
    /// What all this is of: once any of it is otherwise, it is to be asked for anew.
    pub assessment: String,
}

/// That a person has a name begun again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecoveryWanted {
    /// What the person was shown.
    pub assessment: String,
    /// What is to stand from then on, of the generation that was said, signed and packed, in hexadecimal digits.
    pub intent: String,
}

/// What may be lost if a name is begun again here, since most who keep it are gone for good
#[utoipa::path(get, path = "/v1/workloads/{name}/recovery", params(("name" = String, Path, description = "The name of the workload")), responses((status = 200, body = RecoveryShown), (status = 404, body = Refused, description = "the node does not keep it"), (status = 410, body = Refused, description = "it is deleted"), (status = 409, body = Refused, description = "a majority is there")))]
pub(super) async fn assess(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<RecoveryShown>, Refusal> {
    let (name, node) = (parsed(&name)?, api.this.name.clone());
    let assessed = api.with(move |agent, _| {
        let recovery = agent.dealings().assess_recovery(&name)?;
        Ok(shown(agent, node, recovery))
    });
    assessed.await?.map(Json).map_err(refused)
}

/// Begin a name again here, with what a person has signed, and wait until that is on disk
#[utoipa::path(post, path = "/v1/workloads/{name}/recovery", params(("name" = String, Path, description = "The name of the workload")), request_body = RecoveryWanted, responses((status = 200, body = SettlementShown), (status = 410, body = Refused, description = "it is deleted"), (status = 409, body = Refused, description = "a majority is there, or something has changed since")))]
pub(super) async fn recover(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<SettlementShown>, Refusal> {
    let (name, of) = (parsed(&name)?, name);
    let unreadable = |error: String| Refusal::bad(format!("it cannot be read: {error}"));
    let wanted: Result<RecoveryWanted, _> = serde_json::from_slice(&body);
    let wanted = wanted.map_err(|error| unreadable(error.to_string()))?;
    let packed = hex::decode(&wanted.intent).map_err(|error| unreadable(error.to_string()))?;
    let intent = intents::unpack(&packed).map_err(Refusal::bad)?;
    let recover = move |agent: &mut Agent<WireCodec>, now| {
        let id = agent.dealings().assess_recovery(&name)?.id;
        match wanted.assessment == assessment(&id) {
            true => agent.recover(now, &id, intent),
            false => Err(RecoverError::Changed { name }),
        }
    };
    let settlement = api.settled(recover).await?.map_err(refused)?;
    let what = "is begun again, since most who kept it are gone for good";
    api.chronicle.add(of, what);
    Ok(Json(intents::shown(&settlement, Acknowledgement::Majority)))
}

fn shown(agent: &Agent<WireCodec>, node: String, recovery: Recovery) -> RecoveryShown {
    let named = |all: &[AgentId]| {
        let mut names = Vec::from_iter(all.iter().map(|of| view::name(agent, of)));
        names.sort();
        names
    };
    let intent = SignedRecord::Promise(recovery.intent);
    RecoveryShown {
        name: recovery.id.name.to_string(),
        node,
        workload: recovery.workload.to_string(),
        generation: recovery.generation.get(),
        undecided: recovery.undecided.is_some(),
        keepers: named(&Vec::from_iter(recovery.keepers.keepers().iter().copied())),
        missing: named(&recovery.id.missing),
        next: recovery.next.get(),
        intent: hex::encode(WireCodec.pack(&intent)),
        assessment: assessment(&recovery.id),
    }
}

/// What a recovery is of, in a text that is another one wherever any of it is otherwise.
fn assessment(id: &RecoveryId) -> String {
    let ballot = id.known.ballot.map_or_else(String::new, |its| {
        format!("{}.{}.{}", its.counter, its.by, its.epoch.0)
    });
    let era = id.known.epoch.era().map(|era| era.by().to_string());
    let missing = Vec::from_iter(id.missing.iter().map(ToString::to_string));
    let (epoch, era) = (id.known.epoch, era.unwrap_or_default());
    format!("{epoch} {era} {ballot} {}", missing.join(","))
}

fn refused(why: RecoverError) -> Refusal {
    let status = match &why {
        RecoverError::NotKept { .. } => StatusCode::NOT_FOUND,
        // Who has never kept it knows nothing; who has seen it deleted knows that.
        RecoverError::Deleted { .. } => StatusCode::GONE,
        RecoverError::Reachable { .. } | RecoverError::Changed { .. } => StatusCode::CONFLICT,
        RecoverError::NotConsidered { .. } | RecoverError::NotAllowed { .. } => {
            StatusCode::FORBIDDEN
        }
        RecoverError::Refused(_) | RecoverError::NotNext { .. } => StatusCode::BAD_REQUEST,
        // Another node may do it, or this one later.
        RecoverError::HeldOff(_) | RecoverError::Left | RecoverError::Behind => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    Refusal(status, why.to_string())
}

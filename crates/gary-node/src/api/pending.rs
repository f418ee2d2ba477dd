//! What persons have left with this node until a majority of its keepers can be reached, and what was refused since.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use gary_agent::{Acknowledgement, Agent, PendingIntent, WithdrawError};
use gary_promise::{Codec, PromiseId, Settlement, Signed, SignedRecord, Time, Verdict, Withdrawal};
use gary_wire::WireCodec;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::{Api, Refusal};
use super::intents;
use super::kept::Times;
use super::why::Cause;
use super::words::{Refused, SettlementShown, SettlementWord};

/// An intent that somebody has left with a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PendingShown {
    /// The name that it is for.
    pub name: String,
    /// The generation that it is to be.
    pub generation: u64,
    /// The generation that it was made from; nothing where it founds its workload.
    pub base: Option<u64>,
    /// Its workload.
    pub workload: String,
    /// Which it is: its owner, and which of theirs.
    pub intent: String,
    /// The node that has it.
    pub node: String,
    /// Since when, in milliseconds since 1970; nothing where that was before the node's last start.
    pub since_ms: Option<u64>,
    /// `pending`, or why it was refused when it could be proposed.
    pub verdict: SettlementWord,
    /// The same at length.
    pub detail: String,
}

/// What is left with this node until its keepers can be reached, and what was refused then
#[utoipa::path(get, path = "/v1/pending", responses((status = 200, body = Vec<PendingShown>)))]
pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Json<Vec<PendingShown>>, Refusal> {
    let node = api.this.name.clone();
    let shown = api.with(move |agent, now| {
        let all = agent.dealings().pending();
        Vec::from_iter(all.map(|its| shown(agent, &node, its, now)))
    });
    Ok(Json(shown.await?))
}

/// What is left with this node, as its owner signed it, packed
#[utoipa::path(get, path = "/v1/pending/{owner}/{number}", params(("owner" = String, Path, description = "Whose intent"), ("number" = String, Path, description = "Which of theirs")), responses((status = 200, body = [u8], content_type = "application/octet-stream"), (status = 404, body = Refused)))]
pub(super) async fn intent(
    State(api): State<Arc<Api>>,
    Path(id): Path<(String, String)>,
) -> Result<Vec<u8>, Refusal> {
    let id = parsed(&id)?;
    let packed = api.with(move |agent, _| {
        let intent = agent.dealings().pending_intent(&id)?;
        Some(WireCodec.pack(&SignedRecord::Promise(intent.signed().clone())))
    });
    packed.await?.ok_or_else(|| {
        let why = "no such intent is left with this node".to_owned();
        Refusal(StatusCode::NOT_FOUND, why)
    })
}

/// Take back what is pending here, by a withdrawal that its owner has signed, packed
#[utoipa::path(post, path = "/v1/pending/withdraw", request_body(content = [u8], content_type = "application/octet-stream"), responses((status = 204, description = "it is not proposed any more"), (status = 404, body = Refused)))]
pub(super) async fn withdraw(
    State(api): State<Arc<Api>>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let withdrawal = unpack(&body).map_err(Refusal::bad)?;
    let withdrawn = api.stored(move |agent, now| agent.withdraw_pending(now, withdrawal));
    match withdrawn.await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(why @ WithdrawError::NotPending) => {
            Err(Refusal(StatusCode::NOT_FOUND, why.to_string()))
        }
        Err(why @ WithdrawError::Refused(_)) => Err(Refusal::bad(why.to_string())),
    }
}

/// Have what was refused not be shown any more
#[utoipa::path(delete, path = "/v1/pending/{owner}/{number}", params(("owner" = String, Path, description = "Whose intent"), ("number" = String, Path, description = "Which of theirs")), responses((status = 204, description = "it is shown no more"), (status = 404, body = Refused)))]
pub(super) async fn dismiss(
    State(api): State<Arc<Api>>,
    Path(id): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let id = parsed(&id)?;
    match api
        .stored(move |agent, now| agent.dismiss_refused(now, id))
        .await?
    {
        true => Ok(StatusCode::NO_CONTENT),
        false => {
            let why = "no such intent was refused at this node".to_owned();
            Err(Refusal(StatusCode::NOT_FOUND, why))
        }
    }
}

fn parsed((owner, number): &(String, String)) -> Result<PromiseId, Refusal> {
    let intent = format!("{owner}/{number}");
    let id: Result<PromiseId, _> = intent.parse();
    id.map_err(|error| Refusal::bad(format!("{intent} is no intent: {error}")))
}

/// What of a name is left with this node, as what comes of it.
pub(super) async fn causes(api: &Arc<Api>, name: &str) -> Result<Vec<Cause>, Refusal> {
    let Json(mut all) = list(State(Arc::clone(api))).await?;
    all.retain(|its| its.name == name);
    let causes = all.into_iter().map(|its| {
        let is = match its.verdict {
            SettlementWord::Pending => "is pending",
            _ => "was left here, and is refused",
        };
        Cause {
            what: format!("generation {} {is}: {}", its.generation, its.detail),
            by: its.node,
            at_ms: its.since_ms.unwrap_or_default(),
            promise: Some(its.intent),
            ..Cause::default()
        }
    });
    Ok(causes.collect())
}

fn shown(agent: &Agent<WireCodec>, node: &str, its: PendingIntent, now: Time) -> PendingShown {
    let settlement = Settlement {
        intent: its.intent,
        verdict: its.refused.unwrap_or(Verdict::Unsettled),
    };
    let SettlementShown {
        verdict, detail, ..
    } = intents::shown(&settlement, Acknowledgement::Local);
    let (start, since) = its.since;
    let is_of_this_start = start == agent.membership().me().epoch;
    PendingShown {
        name: its.name.to_string(),
        generation: its.generation.get(),
        base: its.base.map(|its| its.get()),
        workload: its.workload.to_string(),
        intent: its.intent.to_string(),
        node: node.to_owned(),
        since_ms: is_of_this_start.then(|| Times::at(now).ms(since)),
        verdict,
        detail,
    }
}

/// The withdrawal that somebody has signed, as it was packed.
fn unpack(bytes: &[u8]) -> Result<Signed<Withdrawal>, String> {
    let record: Result<SignedRecord, _> = WireCodec.unpack(bytes);
    match record {
        Ok(SignedRecord::Withdrawal(signed)) => Ok(signed),
        Ok(_) => Err("it is signed, and takes nothing back".to_owned()),
        Err(error) => Err(format!("it cannot be read: {error}")),
    }
}

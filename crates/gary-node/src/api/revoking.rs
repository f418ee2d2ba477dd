//! Who does not belong to the cluster any more: it spreads from node to node, by the root's signature.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use futures::future::join_all;
use gary_promise::AgentId;
use gary_transport::Peer;

use super::access::{Api, Refusal};
use crate::cluster::Revocations;

/// The list as far as it has come here, packed
#[utoipa::path(get, path = "/v1/revocations", responses((status = 200, body = [u8], content_type = "application/octet-stream"), (status = 404, description = "nobody was revoked")))]
pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Vec<u8>, Refusal> {
    // Whoever makes a later one of it needs the last that there is.
    let others = api.others().await?;
    join_all(others.iter().map(|(_, peer)| api.hear_from(*peer))).await;
    own_list(State(api)).await
}

/// The list as far as this node has heard.
pub(super) async fn own_list(State(api): State<Arc<Api>>) -> Result<Vec<u8>, Refusal> {
    let list = api.gate.revocations();
    let none = || Refusal(StatusCode::NOT_FOUND, "nobody was revoked".to_owned());
    Ok(list.ok_or_else(none)?.pack())
}

/// Have a later list, signed by the root, take the place of the one before at all nodes
#[utoipa::path(put, path = "/v1/revocations", request_body(content = [u8], content_type = "application/octet-stream"), responses((status = 204, description = "it is taken, or was already")))]
pub(super) async fn put(State(api): State<Arc<Api>>, body: Bytes) -> Result<StatusCode, Refusal> {
    take(&api, &body).await?;
    // Whoever is not there hears of it by asking others.
    for (_, peer) in api.others().await? {
        let (api, body) = (Arc::clone(&api), body.clone());
        tokio::spawn(async move { api.tell(peer, "/v1/revocations", body).await });
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Another node tells of a later list.
pub(super) async fn told(State(api): State<Arc<Api>>, body: Bytes) -> Result<StatusCode, Refusal> {
    take(&api, &body).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn take(api: &Api, packed: &[u8]) -> Result<(), Refusal> {
    let list = Revocations::unpack(packed);
    let list = list.ok_or_else(|| Refusal::bad("it cannot be read".to_owned()))?;
    if !list.is_of(api.gate.cluster()) {
        let why = "the root of this cluster has not signed it".to_owned();
        return Err(Refusal(StatusCode::FORBIDDEN, why));
    }
    api.take_revocations(list).await
}

impl Api {
    /// Takes a list if it is later than the one before: stores it, and ends the connections of those who are let in no
    /// more.
    pub(crate) async fn take_revocations(&self, list: Revocations) -> Result<(), Refusal> {
        // One after the other: the later one stays on disk.
        let _turn = self.revoking.lock().await;
        let now = self.gate.revocations();
        if let Some(now) = now.as_ref().filter(|its| its.version() >= list.version()) {
            return match **now == list {
                true => Ok(()),
                false => {
                    let why = format!("list {} of revoked keys stands", now.version());
                    Err(Refusal(StatusCode::CONFLICT, why))
                }
            };
        }
        // It is on disk before anybody is held to it: after a start it is not forgotten.
        let stored = self.revocation_store.store(&list).await;
        stored.map_err(|error| Refusal(StatusCode::INSUFFICIENT_STORAGE, error.to_string()))?;
        let is_new = |its: &&AgentId| now.as_ref().is_none_or(|now| !now.has(its));
        for agent in list.revoked().filter(is_new) {
            self.chronicle.add(agent.to_string(), "is revoked");
        }
        for peer in self.gate.take(list).unwrap_or_default() {
            self.transport
                .disconnect(peer, "the list of those who were revoked has changed");
        }
        Ok(())
    }

    /// Asks another member for its list.
    pub(crate) async fn ask_for_revocations(&self) -> Result<(), Refusal> {
        let mut others = self.others().await?;
        fastrand::shuffle(&mut others);
        if let Some((_, peer)) = others.pop() {
            self.hear_from(peer).await;
        }
        Ok(())
    }

    async fn hear_from(&self, peer: Peer) {
        let list = self.ask(peer, "/v1/revocations").await;
        let list = list.and_then(|bytes| Revocations::unpack(&bytes));
        if let Some(list) = list.filter(|its| its.is_of(self.gate.cluster()))
            && let Err(Refusal(_, why)) = self.take_revocations(list).await
        {
            tracing::debug!(why, "a list of revoked keys is not taken");
        }
    }
}

//! What a node can be asked.

use bytes::Bytes;
use gary_promise::WorkloadName;
use http::Method;

use super::asking::{AskError, Client};
use crate::api::{
    Cause, EventShown, LogLine, NodeShown, NodeState, PromiseShown, SettlementShown, StoodShown,
    ThisNode, WorkloadShown,
};
use crate::cluster::Revocations;

/// Which lines of a workload's output somebody wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogsWanted {
    /// What comes too.
    pub follow: bool,
    /// Written then or later, in milliseconds since 1970.
    pub since_ms: u64,
    /// Of this replica only.
    pub replica: Option<u32>,
    /// Of the run before the last one only.
    pub previous: bool,
}

impl Client {
    /// What it says of itself.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn node(&self) -> Result<ThisNode, AskError> {
        self.get("/v1/node").await
    }

    /// How it is.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn state(&self) -> Result<NodeState, AskError> {
        self.get("/v1/node/state").await
    }

    /// The nodes that it sees.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn nodes(&self) -> Result<Vec<NodeShown>, AskError> {
        self.get("/v1/nodes").await
    }

    /// The promises in its scope.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn promises(&self) -> Result<Vec<PromiseShown>, AskError> {
        self.get("/v1/promises").await
    }

    /// The workloads of its cluster.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn workloads(&self) -> Result<Vec<WorkloadShown>, AskError> {
        self.get("/v1/workloads").await
    }

    /// The workload of a name.
    ///
    /// # Errors
    /// When it does not answer, or there is none.
    pub async fn workload(&self, name: &str) -> Result<WorkloadShown, AskError> {
        self.get(&workload(name, "")?).await
    }

    /// Why a workload is as it is.
    ///
    /// # Errors
    /// When it does not answer, or there is none.
    pub async fn why(&self, name: &str) -> Result<Cause, AskError> {
        self.get(&workload(name, "/why")?).await
    }

    /// The intents under a name, as far as they are remembered, the one that stands last.
    ///
    /// # Errors
    /// When it does not answer, or there is none.
    pub async fn history(&self, name: &str) -> Result<Vec<StoodShown>, AskError> {
        self.get(&workload(name, "/history")?).await
    }

    /// Hears what a workload writes, until that ends or `heard` wants no more.
    ///
    /// # Errors
    /// When it does not answer, or the connection breaks.
    pub async fn logs(
        &self,
        name: &str,
        wanted: LogsWanted,
        heard: impl FnMut(LogLine) -> bool,
    ) -> Result<(), AskError> {
        let LogsWanted {
            follow,
            since_ms,
            replica,
            previous,
        } = wanted;
        let replica = replica.map_or_else(String::new, |its| format!("&replica={its}"));
        let query = format!("follow={follow}&since_ms={since_ms}&previous={previous}{replica}");
        let path = workload(name, &format!("/logs?{query}"))?;
        self.hear(&path, heard).await
    }

    /// Hears what happens on all nodes, until that ends or `heard` wants no more.
    ///
    /// # Errors
    /// When it does not answer, or the connection breaks.
    pub async fn events(
        &self,
        follow: bool,
        heard: impl FnMut(EventShown) -> bool,
    ) -> Result<(), AskError> {
        self.hear(&format!("/v1/events?follow={follow}"), heard)
            .await
    }

    /// Has it take nothing on any more, host for so long what nobody else does, and then leave its cluster or stay.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn drain(&self, within_ms: u32, leave: bool) -> Result<NodeState, AskError> {
        let path = format!("/v1/node/drain?within_ms={within_ms}&leave={leave}");
        self.post(&path).await
    }

    /// Has it take things on again.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn undrain(&self) -> Result<NodeState, AskError> {
        self.post("/v1/node/undrain").await
    }

    /// Has it start again; by plan, where it is to say to those whom it hosts for how soon it will be back.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn restart(&self, back_within_ms: Option<u32>) -> Result<(), AskError> {
        let query = back_within_ms.map_or_else(String::new, |ms| format!("?back_within_ms={ms}"));
        let path = format!("/v1/node/restart{query}");
        self.send(Method::POST, &path, Bytes::new()).await.map(drop)
    }

    /// Who was revoked, as far as it has heard; nothing where nobody was.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn revocations(&self) -> Result<Option<Revocations>, AskError> {
        match self
            .send(Method::GET, "/v1/revocations", Bytes::new())
            .await
        {
            Ok(bytes) => match Revocations::unpack(&bytes) {
                Some(list) => Ok(Some(list)),
                None => Err(AskError::NoList),
            },
            Err(AskError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tells it, and by way of it all others, who was revoked.
    ///
    /// # Errors
    /// When it does not answer, or does not take it.
    pub async fn revoke(&self, list: &Revocations) -> Result<(), AskError> {
        let put = self.send(Method::PUT, "/v1/revocations", list.pack().into());
        put.await.map(drop)
    }

    /// Has it end.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn stop(&self) -> Result<(), AskError> {
        let stopped = self.send(Method::POST, "/v1/node/stop", Bytes::new());
        stopped.await.map(drop)
    }

    /// An intent under a name, as it was signed: that of a generation, or the one that stands.
    pub(super) async fn intent(
        &self,
        name: &str,
        generation: Option<u64>,
    ) -> Result<Bytes, AskError> {
        let path = match generation {
            Some(generation) => format!("/v1/workloads/{name}/intent?generation={generation}"),
            None => format!("/v1/workloads/{name}/intent"),
        };
        self.send(Method::GET, &path, Bytes::new()).await
    }

    /// Leaves a component with it.
    pub(super) async fn put_component(&self, digest: &str, bytes: Bytes) -> Result<(), AskError> {
        let path = format!("/v1/components/{digest}");
        self.send(Method::PUT, &path, bytes).await.map(drop)
    }

    /// Submits what was signed.
    pub(super) async fn submit(
        &self,
        record: Vec<u8>,
        ack: &str,
    ) -> Result<SettlementShown, AskError> {
        let path = format!("/v1/intents?ack={ack}");
        let answer = self.send(Method::POST, &path, record.into()).await?;
        Ok(serde_json::from_slice(&answer)?)
    }
}

/// Where what is asked of a workload is. What is no name is none's.
fn workload(name: &str, what: &str) -> Result<String, AskError> {
    match name.parse::<WorkloadName>() {
        Ok(name) => Ok(format!("/v1/workloads/{name}{what}")),
        Err(error) => Err(AskError::Refused {
            status: 404,
            why: format!("no workload is called {name:?}: {error}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_is_asked_after_nowhere() {
        assert_eq!(
            workload("web", "/why").expect("it is a name"),
            "/v1/workloads/web/why"
        );
        for odd in ["", "BAD NAME", "a/b", "web?x", "a%20b", "a\nb"] {
            let asked = workload(odd, "");
            assert!(
                matches!(asked, Err(AskError::Refused { status: 404, .. })),
                "{odd:?}"
            );
        }
    }
}

//! What guests have written.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use gary_promise::WorkloadId;
use serde::{Deserialize, Serialize};

use super::access::{Api, Refusal};
use super::gather::{Source, told_as_one, told_to_peer};
use super::line::LogLine;
use crate::logs::{Wanted, read};

/// Which lines somebody wants.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LogsQuery {
    follow: bool,
    since_ms: u64,
    replica: Option<u32>,
    previous: bool,
}

impl LogsQuery {
    fn wanted(self) -> Wanted {
        Wanted {
            replica: self.replica,
            since_ms: self.since_ms,
            is_previous: self.previous,
        }
    }

    fn path(self, workload: &str, since_ms: u64) -> String {
        let mut path = format!(
            "/v1/logs/{workload}?follow={}&since_ms={}&previous={}",
            self.follow,
            self.since_ms.max(since_ms),
            self.previous
        );
        if let Some(replica) = self.replica {
            path.push_str(&format!("&replica={replica}"));
        }
        path
    }
}

/// What a workload writes, wherever it is hosted: an object a line
#[utoipa::path(get, path = "/v1/workloads/{name}/logs", params(("name" = String, Path, description = "The name of the workload"), ("follow" = Option<bool>, Query, description = "What comes too"), ("since_ms" = Option<u64>, Query, description = "Milliseconds since 1970"), ("replica" = Option<u32>, Query, description = "Of this one only"), ("previous" = Option<bool>, Query, description = "Of the run before the last one only")), responses((status = 200, body = LogLine, content_type = "application/x-ndjson")))]
pub(super) async fn of_workload(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    Query(query): Query<LogsQuery>,
) -> Result<Response, Refusal> {
    let workload = api.workload(&name).await?;
    let id: WorkloadId = workload.id.parse().map_err(|_| Refusal::ending())?;
    let own = own(&api, id, query).await?;
    let path = move |since_ms| query.path(&workload.id, since_ms);
    // Who hosts it now, or has failed to.
    let hosts = move |api: Arc<Api>| {
        let name = name.clone();
        async move {
            let Ok(workload) = api.workload(&name).await else {
                return Vec::new();
            };
            let hosts = workload.hostings.iter().map(|its| &its.node_id);
            let failing = workload.failing.iter().map(|its| &its.node_id);
            let ran = workload.runs.iter().map(|its| &its.node_id);
            let hosts = Vec::from_iter(hosts.chain(failing).chain(ran));
            let others = api.others().await.unwrap_or_default().into_iter();
            let others = others.filter(|(agent, _)| hosts.contains(&&agent.to_string()));
            others.map(|(_, peer)| peer).collect()
        }
        .boxed()
    };
    Ok(told_as_one(api, own, path, query.follow, hosts).await)
}

/// Of a workload, on this node.
pub(super) async fn of_this_node(
    State(api): State<Arc<Api>>,
    Path(workload): Path<String>,
    Query(query): Query<LogsQuery>,
) -> Result<Response, Refusal> {
    let why = |error| Refusal::bad(format!("{workload} is no id: {error}"));
    let workload: WorkloadId = workload.parse().map_err(why)?;
    Ok(told_to_peer(own(&api, workload, query).await?))
}

async fn own(
    api: &Api,
    workload: WorkloadId,
    query: LogsQuery,
) -> Result<Source<LogLine>, Refusal> {
    let seen = api.logs.look(workload, query.follow).await;
    let seen = seen.ok_or_else(Refusal::ending)?;
    let wanted = query.wanted();
    let past = tokio::task::spawn_blocking(move || read(seen.written, &wanted));
    let past = past.await.map_err(|_| Refusal::ending())?;
    let coming = match seen.coming {
        None => stream::empty().boxed(),
        Some(coming) => stream::unfold(coming, |mut coming| async {
            Some((coming.recv().await?, coming))
        })
        .filter(move |line| std::future::ready(wanted.takes(line)))
        .boxed(),
    };
    Ok(Source { past, coming })
}

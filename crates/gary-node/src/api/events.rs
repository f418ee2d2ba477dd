//! What has happened on nodes.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;

use super::access::{Api, Refusal};
use super::gather::{Source, told_as_one, told_to_peer};
use super::line::EventShown;

/// Whether somebody wants to hear of what comes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EventsQuery {
    follow: bool,
    since_ms: u64,
}

/// What has happened on all nodes: an object a line
#[utoipa::path(get, path = "/v1/events", params(("follow" = Option<bool>, Query, description = "What comes too"), ("since_ms" = Option<u64>, Query, description = "Milliseconds since 1970")), responses((status = 200, body = EventShown, content_type = "application/x-ndjson")))]
pub(super) async fn of_all(
    State(api): State<Arc<Api>>,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Refusal> {
    let own = own(&api, &query);
    let EventsQuery { follow, since_ms } = query;
    let path = move |later_ms| {
        let since_ms = since_ms.max(later_ms);
        format!("/v1/events?follow={follow}&since_ms={since_ms}")
    };
    let all = |api: Arc<Api>| {
        async move {
            let others = api.others().await.unwrap_or_default().into_iter();
            others.map(|(_, peer)| peer).collect()
        }
        .boxed()
    };
    Ok(told_as_one(api, own, path, follow, all).await)
}

/// On this one.
pub(super) async fn of_this_node(
    State(api): State<Arc<Api>>,
    Query(query): Query<EventsQuery>,
) -> Response {
    told_to_peer(own(&api, &query))
}

fn own(api: &Api, query: &EventsQuery) -> Source<EventShown> {
    let (mut past, coming) = api.chronicle.look();
    past.retain(|event| event.at_ms >= query.since_ms);
    let coming = match query.follow {
        false => stream::empty().boxed(),
        true => stream::unfold(coming, |mut coming| async {
            loop {
                match coming.recv().await {
                    Ok(event) => return Some((event, coming)),
                    // Who reads too slowly misses some.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        })
        .boxed(),
    };
    Source { past, coming }
}

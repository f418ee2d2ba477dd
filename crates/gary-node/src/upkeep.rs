//! What a node does now and then besides.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::api::{self, Api};
use crate::clock::Clock;
use crate::disk::PeerStore;

/// How often a node tells its agent how late it is, as people count it: that clock may be set.
const TELLS_TIME_EVERY: Duration = Duration::from_secs(60);

/// How often a node stores whom it knows, so that it finds them after a start.
const STORES_PEERS_EVERY: Duration = Duration::from_secs(5);

/// How often another member is asked who was revoked: of a hundred nodes all know within a minute.
const ASKS_EVERY: Duration = Duration::from_secs(5);

/// How often it is looked who is there.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// Tells the agent now and then how late it is.
pub(crate) async fn tell_time(api: Arc<Api>) {
    let mut every = tokio::time::interval(TELLS_TIME_EVERY);
    loop {
        every.tick().await;
        let told = api.with(|agent, now| agent.set_wall_clock(now, Clock::wall()));
        if told.await.is_err() {
            return;
        }
    }
}

/// Stores now and then whom the node knows.
pub(crate) async fn store_peers(disk: PeerStore, api: Arc<Api>) {
    let mut stored = Vec::new();
    let mut every = tokio::time::interval(STORES_PEERS_EVERY);
    loop {
        every.tick().await;
        let known = api.with(|agent, _| {
            let me = agent.id();
            let known = agent.membership().known().filter(|its| its.agent != me);
            Vec::from_iter(known.map(|its| (its.agent, its.address)))
        });
        let Ok(known) = known.await else { return };
        if known != stored && disk.store(&known).await.is_ok() {
            stored = known;
        }
    }
}

/// Asks others now and then who was revoked.
pub(crate) async fn hear_of_revocations(api: Arc<Api>) {
    let mut every = tokio::time::interval(ASKS_EVERY);
    loop {
        every.tick().await;
        if api.ask_for_revocations().await.is_err() {
            return;
        }
    }
}

/// Writes down who comes and who goes.
pub(crate) async fn tell_of_members(api: Arc<Api>) {
    let mut seen = BTreeMap::new();
    let mut every = tokio::time::interval(LOOKS_EVERY);
    loop {
        every.tick().await;
        let there = api.with(|agent, _| {
            let members = agent.membership().members().into_keys();
            // Whoever has just come says soon what people call it.
            let named = members.filter_map(|its| Some((its, api::own_name(agent, &its)?)));
            BTreeMap::from_iter(named)
        });
        let Ok(there) = there.await else { return };
        for (agent, name) in &there {
            if !seen.contains_key(agent) {
                api.chronicle.add(name, "is there");
            }
        }
        for (agent, name) in &seen {
            if !there.contains_key(agent) {
                api.chronicle.add(name, "is not there any more");
            }
        }
        seen = there;
    }
}

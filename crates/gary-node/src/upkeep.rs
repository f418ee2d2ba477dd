//! What a node does now and then besides.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gary_promise::AgentId;
use tokio::sync::Notify;

use crate::api::{self, Api};
use crate::clock::Clock;
use crate::disk::PeerStore;

/// How often a node tells its agent how late it is, as people count it: that clock may be set.
const TELLS_TIME_EVERY: Duration = Duration::from_secs(60);

/// How often it is looked whether a node knows others otherwise than it has stored, besides when somebody comes or goes.
const STORES_PEERS_EVERY: Duration = Duration::from_secs(5);

/// The most that are stored of whom a node knew before it was started, and has not met since. Beyond, those go that it
/// knew longest ago.
const UNMET_MAX: usize = 32;

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

/// Stores whom the node knows, so that it finds them after a start: as soon as somebody comes, since it may be killed
/// at any time. One is stored after the other, and what changes meanwhile is stored together.
pub(crate) async fn store_peers(
    disk: PeerStore,
    earlier: Vec<Known>,
    others_changed: Arc<Notify>,
    api: Arc<Api>,
) {
    let mut stored = earlier.clone();
    let mut every = tokio::time::interval(STORES_PEERS_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = others_changed.notified() => {}
        }
        let known = api.with(|agent, _| {
            let me = agent.id();
            let known = agent.membership().known().filter(|its| its.agent != me);
            Vec::from_iter(known.map(|its| (its.agent, its.address)))
        });
        let Ok(known) = known.await else { return };
        let peers = with_unmet(known, &earlier);
        if peers != stored && disk.store(&peers).await.is_ok() {
            stored = peers;
        }
    }
}

/// An agent, and where it was last.
type Known = (AgentId, SocketAddr);

/// Whom a node knows, and whom it knew before it was started: of those it may have met one so far, and that one may be
/// gone when it starts again.
fn with_unmet(mut known: Vec<Known>, earlier: &[Known]) -> Vec<Known> {
    let met = BTreeSet::from_iter(known.iter().map(|(agent, _)| *agent));
    let unmet = earlier.iter().filter(|(agent, _)| !met.contains(agent));
    known.extend(unmet.take(UNMET_MAX));
    known
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

#[cfg(test)]
mod tests {
    use gary_promise::AgentKey;

    use super::*;

    fn known(number: u8, port: u16) -> Known {
        let agent = AgentKey::from_seed(&[number; 32]).id();
        (agent, ([127, 0, 0, 1], port).into())
    }

    #[test]
    fn whom_a_node_has_not_met_since_its_start_it_remembers_up_to_a_limit() {
        let earlier = Vec::from_iter((1..=40).map(|number| known(number, 1)));
        let peers = with_unmet(vec![known(2, 7), known(50, 1)], &earlier);
        // Whom it has met is where it is now.
        assert_eq!(peers[..2], [known(2, 7), known(50, 1)]);
        assert_eq!(peers[2..4], [known(1, 1), known(3, 1)]);
        assert_eq!(peers.len(), 2 + UNMET_MAX);
        assert_eq!(with_unmet(Vec::new(), &earlier[..3]), earlier[..3]);
    }
}

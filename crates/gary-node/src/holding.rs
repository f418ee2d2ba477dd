//! Sees to it that a node has the components of what it keeps and hosts, and gives none of them away for room.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gary_agent::Agent;
use gary_promise::{Body, ComponentDigest, Promise, Valency, Verified};
use gary_wire::WireCodec;
use tokio::sync::mpsc;

use crate::components::Components;
use crate::event::{Event, look};

/// How often it is looked what has come to be kept and hosted.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// How long what could not be had is not asked for again. It doubles each time.
const WAIT_MIN: Duration = Duration::from_secs(2);

/// How long at most.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// What a node's agent has promised that components are needed for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Held {
    kept: BTreeSet<ComponentDigest>,
    hosted: BTreeSet<ComponentDigest>,
}

/// When a component is asked for again that could not be had, and how long it is waited then.
struct Later {
    again_at: Instant,
    wait: Duration,
}

/// Fetches what its agent keeps, and pins that and what it hosts, for as long as the node runs. What it hosts is fetched by
/// whoever starts it.
pub(crate) async fn hold(components: Arc<Components>, events: mpsc::Sender<Event>) {
    let (mut pinned, mut later) = (None, BTreeMap::new());
    let mut every = tokio::time::interval(LOOKS_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let Some(held) = look(&events, |agent, _| held(agent)).await else {
            return;
        };
        let all: BTreeSet<ComponentDigest> = held.kept.union(&held.hosted).copied().collect();
        if pinned.as_ref() != Some(&all) {
            components.pin(&all);
            pinned = Some(all);
        }
        later.retain(|component, _| held.kept.contains(component));
        for component in held.kept {
            fetch(&components, component, &mut later).await;
        }
    }
}

async fn fetch(
    components: &Arc<Components>,
    component: ComponentDigest,
    later: &mut BTreeMap<ComponentDigest, Later>,
) {
    let is_later = later
        .get(&component)
        .is_some_and(|its: &Later| its.again_at > Instant::now());
    if is_later || components.has(component) {
        return;
    }
    match components.fetch(component, None).await {
        Ok(()) => _ = later.remove(&component),
        Err(error) => {
            tracing::warn!(%component, %error, "a component is kept that this node does not have");
            let wait = later.get(&component).map_or(WAIT_MIN, |its| its.wait);
            let next = Later {
                again_at: Instant::now() + wait,
                wait: (wait * 2).min(WAIT_MAX),
            };
            later.insert(component, next);
        }
    }
}

fn held(agent: &Agent<WireCodec>) -> Held {
    let dealings = agent.dealings();
    let kept = dealings
        .kept()
        .filter_map(|(workload, ..)| dealings.intent(&workload));
    Held {
        kept: kept.filter_map(component).collect(),
        hosted: dealings.hosted_intents().filter_map(component).collect(),
    }
}

/// What an intent has run, unless it has nothing run any more.
fn component(intent: &Verified<Promise>) -> Option<ComponentDigest> {
    match intent.body() {
        Body::Use(wanted) if wanted.valency != Valency::NONE => Some(wanted.component),
        _ => None,
    }
}

//! Sees to it that a node has the components of what it keeps and hosts, and gives none of them away for room.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use gary_agent::Agent;
use gary_promise::{Body, ComponentDigest, Promise, Use, Valency, Verified, WorkloadName};
use gary_wire::WireCodec;
use tokio::sync::mpsc;

use crate::components::{Components, FetchError, Likely};
use crate::event::{Event, look};
use crate::later::Later;

/// How often it is looked what has come to be kept and hosted.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// How long what could not be had is not asked for again. It doubles each time.
const WAIT_MIN: Duration = Duration::from_secs(2);

/// How long at most.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// What a node's agent has promised that components are needed for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Held {
    /// And the name of what each is kept for: of one of them, where several workloads have the same.
    kept: BTreeMap<ComponentDigest, WorkloadName>,
    hosted: BTreeSet<ComponentDigest>,
}

/// Fetches what its agent keeps, one beside the other, and pins that and what it hosts, for as long as the node runs. What it
/// hosts is fetched by whoever starts it.
pub(crate) async fn hold(components: Arc<Components>, events: mpsc::Sender<Event>) {
    let (mut pinned, mut later) = (None, Later::new(WAIT_MIN, WAIT_MAX));
    let (mut fetches, mut fetched) = (FuturesUnordered::new(), BTreeSet::new());
    let mut every = tokio::time::interval(LOOKS_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            Some((component, outcome)) = fetches.next() => {
                fetched.remove(&component);
                note(component, outcome, &mut later);
                continue;
            }
        }
        let Some(held) = look(&events, |agent, _| held(agent)).await else {
            return;
        };
        let kept: BTreeSet<ComponentDigest> = held.kept.keys().copied().collect();
        let all: BTreeSet<ComponentDigest> = kept.union(&held.hosted).copied().collect();
        if pinned.as_ref() != Some(&all) {
            components.pin(&all);
            pinned = Some(all);
        }
        later.retain(|component| kept.contains(component));
        for (component, name) in held.kept {
            let is_later = later.is_later(&component, Instant::now());
            if is_later || components.has(component) || !fetched.insert(component) {
                continue;
            }
            let components = Arc::clone(&components);
            fetches.push(async move {
                let outcome = components.fetch(component, Likely::KeepersOf(name)).await;
                (component, outcome)
            });
        }
    }
}

/// Remembers when what could not be had is asked for again.
fn note(
    component: ComponentDigest,
    outcome: Result<(), FetchError>,
    later: &mut Later<ComponentDigest>,
) {
    let Err(error) = outcome else {
        later.forget(&component);
        return;
    };
    tracing::warn!(%component, %error, "a component is kept that this node does not have");
    later.failed(component, Instant::now());
}

fn held(agent: &Agent<WireCodec>) -> Held {
    let dealings = agent.dealings();
    let kept = dealings
        .kept()
        .filter_map(|(workload, ..)| dealings.intent(&workload));
    Held {
        kept: kept
            .filter_map(used)
            .map(|its| (its.component, its.name.clone()))
            .collect(),
        hosted: dealings
            .hosted_intents()
            .filter_map(used)
            .map(|its| its.component)
            .collect(),
    }
}

/// What an intent has run, unless it has nothing run any more.
fn used(intent: &Verified<Promise>) -> Option<&Use> {
    match intent.body() {
        Body::Use(wanted) if wanted.valency != Valency::NONE => Some(wanted),
        _ => None,
    }
}

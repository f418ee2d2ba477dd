//! Which workload a host name is, who keeps it, and what its keepers say of who serves it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use gary_agent::{Agent, Counts};
use gary_promise::{AgentId, Body, Keep, Time, Value, WorkloadId, WorkloadName};
use gary_transport::Peer;
use gary_wire::WireCodec;
use serde::{Deserialize, Serialize};

use crate::api::{Api, Refusal, parsed_workload};
use crate::gate::key;
use crate::sites::own_name;

/// Where a keeper tells other nodes who serves a workload.
pub(crate) fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/v1/serving/{workload}", get(told))
        .with_state(api)
}

async fn told(
    State(api): State<Arc<Api>>,
    Path(workload): Path<String>,
) -> Result<Json<Serving>, Refusal> {
    let id = parsed_workload(&workload)?;
    let told = api.with(move |agent, now| serving(agent, &id, now)).await?;
    told.map(Json).ok_or_else(|| {
        let why = format!("{workload} is not kept here");
        Refusal(StatusCode::NOT_FOUND, why)
    })
}

/// A workload that wants a host name, as its keepers promise to everyone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) name: WorkloadName,
    pub(crate) workload: WorkloadId,
    /// Those of its keepers that are there, without this node.
    pub(crate) keepers: Vec<Peer>,
    /// What this node says itself, where it is one of them.
    pub(crate) own: Option<Serving>,
}

/// What a keeper says of who serves a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Serving {
    /// How many its owner wants; none of what is deleted.
    pub(crate) replicas: u32,
    /// The nodes that run it, by all that the keeper knows; where none does, those that are about to.
    pub(crate) nodes: Vec<String>,
}

/// The workload that a host name is: its own, or the first by name of those that want it. So it is the same one at
/// every node that has heard of the same keepers.
pub(crate) fn kept(agent: &Agent<WireCodec>, host: &str, now: Time) -> Option<Kept> {
    let me = agent.id();
    let (first, keepers) = first_of(host, keeps(agent))?;
    let (name, workload) = (first.name.clone(), first.workload);
    let own = keepers.contains(&me);
    let own = own.then(|| serving(agent, &workload, now)).flatten();
    let members = agent.membership().members();
    let keepers = keepers.iter().filter_map(|its| members.get(its));
    let keepers = keepers.map(|its| Peer {
        key: key(its.id.agent),
        address: its.id.address,
    });
    Some(Kept {
        name,
        workload,
        keepers: keepers.collect(),
        own,
    })
}

/// The workload that answers for a host that this one wants too: the first by name, if that is another.
pub(crate) fn ahead(
    agent: &Agent<WireCodec>,
    name: &WorkloadName,
    host: &str,
) -> Option<WorkloadName> {
    ahead_of(name, host, keeps(agent))
}

fn ahead_of<'a>(
    name: &WorkloadName,
    host: &str,
    keeps: impl Iterator<Item = (AgentId, &'a Keep)>,
) -> Option<WorkloadName> {
    // What is a workload's by its name no other is in the way of.
    if own_name(host).is_some() {
        return None;
    }
    let before = keeps.filter(|(_, keep)| keep.name < *name);
    first_of(host, before).map(|(first, _)| first.name.clone())
}

/// All that is kept, and by whom, as the keepers promise to everyone.
fn keeps(agent: &Agent<WireCodec>) -> impl Iterator<Item = (AgentId, &Keep)> {
    let sheets = agent.sheets();
    let all = sheets.sheet(agent.id()).into_iter().chain(sheets.sheets());
    all.flat_map(|sheet| {
        let promises = sheet.promises();
        let keeps = promises.filter_map(|its| match its.body() {
            Body::Keep(keep) => Some(keep),
            _ => None,
        });
        keeps.map(|keep| (sheet.owner(), keep))
    })
}

/// Among all that is kept, what a host name is, and who keeps that.
fn first_of<'a>(
    host: &str,
    keeps: impl Iterator<Item = (AgentId, &'a Keep)>,
) -> Option<(&'a Keep, BTreeSet<AgentId>)> {
    let own = own_name(host);
    let mut first: Option<(&Keep, BTreeSet<AgentId>)> = None;
    for (keeper, keep) in keeps.filter(|(_, keep)| is_for(keep, host, own)) {
        let order = |its: &'a Keep| (&its.name, &its.workload);
        match &mut first {
            Some((best, keepers)) if order(best) == order(keep) => _ = keepers.insert(keeper),
            Some((best, _)) if order(best) < order(keep) => {}
            _ => first = Some((keep, BTreeSet::from([keeper]))),
        }
    }
    first
}

/// Whether a workload is to be reached by this host. What is some workload's by its name is no other's.
fn is_for(keep: &Keep, host: &str, own: Option<&str>) -> bool {
    match own {
        Some(name) => keep.name.as_str() == name,
        None => {
            let mut routes = keep.routes.iter();
            routes.any(|its| its.as_str().eq_ignore_ascii_case(host))
        }
    }
}

/// What this node says of who serves a workload that it keeps.
pub(crate) fn serving(
    agent: &Agent<WireCodec>,
    workload: &WorkloadId,
    now: Time,
) -> Option<Serving> {
    let Body::Use(wanted) = agent.dealings().intent(workload)?.body() else {
        return None;
    };
    let account = agent.dealings().account(workload, now)?;
    let kept = account.counted.iter().map(|its| &its.assessment);
    let kept = kept.filter(|its| its.judgement().value() == Value::Kept);
    let which = |is_one: fn(&Counts) -> bool| {
        let ones = kept.clone().map(|its| its.promise());
        let ones = ones.filter(|its| account.hostings.get(its).is_some_and(is_one));
        ones.map(|its| its.promiser).collect()
    };
    let mut nodes: BTreeSet<AgentId> = which(|its| its.runs);
    // Whoever is about to run it knows sooner than its keepers when it does, and has requests wait for that.
    if nodes.is_empty() {
        nodes = which(|its| its.starts);
    }
    Some(Serving {
        replicas: wanted.valency.get(),
        nodes: nodes.iter().map(ToString::to_string).collect(),
    })
}

#[cfg(test)]
mod tests {
    use gary_promise::Routes;

    use super::*;

    fn keep(name: &str, id: u8, routes: &[&str]) -> Keep {
        let routes = routes.iter().map(|its| its.parse().expect("it is a route"));
        Keep {
            workload: WorkloadId::from_bytes([id; 16]),
            name: name.parse().expect("it is a name"),
            routes: Routes::new(routes).expect("they are few"),
        }
    }

    fn agent(id: u8) -> AgentId {
        AgentId::from_bytes([id; 32])
    }

    #[test]
    fn a_route_that_several_want_is_that_of_the_first_by_name() {
        let (web, api) = (
            keep("web", 1, &["example.org"]),
            keep("api", 2, &["example.org"]),
        );
        let all = [(agent(1), &web), (agent(2), &api), (agent(3), &api)];
        for turned in 0..all.len() {
            let mut all = all;
            all.rotate_left(turned);
            let (first, keepers) = first_of("example.org", all.into_iter()).expect("it is kept");
            assert_eq!(first, &api);
            // What keeps another workload has nothing to say of this one.
            assert_eq!(keepers, BTreeSet::from([agent(2), agent(3)]));
        }
    }

    #[test]
    fn whoever_wants_a_host_too_and_is_not_the_first_by_name_has_another_ahead() {
        let (web, api) = (
            keep("web", 1, &["example.org", "web.example.org"]),
            keep("api", 2, &["example.org"]),
        );
        let all = [(agent(1), &web), (agent(2), &api)];
        let ahead = |of: &Keep, host| ahead_of(&of.name, host, all.into_iter());
        assert_eq!(ahead(&web, "example.org"), Some(api.name.clone()));
        assert_eq!(ahead(&web, "web.example.org"), None);
        assert_eq!(ahead(&web, "web.localhost"), None);
        assert_eq!(ahead(&api, "example.org"), None);
    }

    #[test]
    fn what_is_a_workloads_by_its_name_is_no_others() {
        let (thief, web) = (keep("a", 1, &["web.localhost"]), keep("web", 2, &[]));
        let found = first_of("web.localhost", [(agent(1), &thief)].into_iter());
        assert_eq!(found, None);
        let all = [(agent(1), &thief), (agent(2), &web)];
        let (first, _) = first_of("web.localhost", all.into_iter()).expect("it is kept");
        assert_eq!(first, &web);
        assert_eq!(first_of("example.org", all.into_iter()), None);
    }

    #[test]
    fn of_two_of_one_name_it_is_the_smaller() {
        let (one, other) = (keep("web", 2, &[]), keep("web", 1, &[]));
        let all = [(agent(1), &one), (agent(2), &other)];
        let (first, keepers) = first_of("web.localhost", all.into_iter()).expect("it is kept");
        assert_eq!((first, keepers), (&other, BTreeSet::from([agent(2)])));
    }
}

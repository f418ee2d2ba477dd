//! Why a workload is as it is: from what is missing to what it comes from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::workload::{EndShown, HostingShown, RunShown, WorkloadShown};

/// Of as many replicas it is told that nobody hosts them.
const OPEN_TOLD_MAX: usize = 8;

/// The most runs of a replica that are told of.
const RUNS_MAX: usize = 3;

/// Something that is so, and what it comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Cause {
    /// What is so.
    pub what: String,
    /// Who says so: a node's name.
    pub by: String,
    /// Since when, or when that was said, in milliseconds since 1970.
    pub at_ms: u64,
    /// The promise that it is about, if it is about one.
    pub promise: Option<String>,
    /// What it comes from.
    #[schema(no_recursion)]
    pub because: Vec<Cause>,
}

/// Why a workload is as it is, as its keeper sees it.
pub(super) fn of_workload(workload: &WorkloadShown) -> Cause {
    let keeper = &workload.keeper;
    let says = |what: String| Cause {
        what,
        by: keeper.clone(),
        at_ms: workload.seen_at_ms,
        ..Cause::default()
    };
    let (running, replicas) = (workload.running(), workload.replicas);
    let mut because = Vec::new();
    for waited in &workload.waits_for {
        because.push(says(format!(
            "nobody is invited yet: it waits for {waited}"
        )));
    }
    if let Some((node, why)) = workload.waits_for_store() {
        because.push(says(format!(
            "it waits for {node}, which has its store: {why}"
        )));
    }
    if workload.stands_still {
        because.push(says(
            "the update goes no further, since what has begun of it fails".to_owned(),
        ));
    }
    because.extend(workload.taken.iter().map(|its| says(its.to_string())));
    for slot in &workload.outdated {
        because.push(says(format!(
            "replica {slot} runs an earlier generation still"
        )));
    }
    for failing in &workload.failing {
        let mut cause = Cause {
            what: format!(
                "replica {} fails on {}: {}",
                failing.slot, failing.node, failing.why
            ),
            at_ms: failing.since_ms,
            ..says(String::new())
        };
        cause
            .because
            .extend(end(&failing.node, failing.last_end.as_ref()));
        because.push(cause);
    }
    let hosted = workload.hostings.iter();
    let current = hosted.filter(|its| its.generation == workload.generation);
    // A run that has ended is told of below, and between two runs nothing is wrong.
    let current = current.filter(|its| workload.kind == "service" || its.state != "kept");
    because.extend(current.filter_map(|its| of_hosting(its, keeper)));
    // Of whom an open replica is hosted, or was, is told above.
    let told = |slot: &u32| {
        let hosts = |its: &HostingShown| its.slot == *slot && its.generation == workload.generation;
        workload.hostings.iter().any(hosts) || workload.failing.iter().any(|its| its.slot == *slot)
    };
    let is_job = workload.kind != "service";
    let open = workload.open.iter().filter(|slot| !told(slot) && !is_job);
    let open = Vec::from_iter(open);
    for slot in open.iter().take(OPEN_TOLD_MAX) {
        because.push(says(format!("replica {slot} is hosted by nobody")));
    }
    if open.len() > OPEN_TOLD_MAX {
        let more = (workload.replicas as usize).saturating_sub(running + OPEN_TOLD_MAX);
        because.push(says(format!("nor are {more} more")));
    }
    if !workload.open.is_empty() {
        because.extend(workload.refusals.iter().map(|refusal| Cause {
            what: format!("{} does not host more of it: {}", refusal.node, refusal.why),
            by: refusal.node.clone(),
            at_ms: refusal.at_ms,
            ..Cause::default()
        }));
        let unfit = workload.unfit.iter();
        because.extend(unfit.map(|its| says(format!("{} is not asked: {}", its.node, its.why))));
    }
    for run in latest(workload) {
        let how = run.ended.as_deref().unwrap_or("it runs");
        let (slot, attempt, node) = (run.slot, run.attempt, &run.node);
        because.push(Cause {
            what: format!("replica {slot}, attempt {attempt} on {node}: {how}"),
            at_ms: run.at_ms.unwrap_or(workload.seen_at_ms),
            ..says(String::new())
        });
    }
    let what = match workload.kind.as_str() {
        _ if workload.is_stopped && running == 0 => "it is stopped".to_owned(),
        _ if workload.is_stopped => format!("it is stopped, and {running} replicas run still"),
        "service" => format!("{running} of {replicas} replicas run"),
        "schedule" => format!("{running} of {replicas} replicas run now"),
        _ => {
            let over = workload.runs.iter().filter(|its| its.is_over).count();
            format!("{over} of {replicas} runs are over")
        }
    };
    Cause {
        what: format!(
            "{}, generation {}: {what}",
            workload.name, workload.generation
        ),
        because,
        ..says(String::new())
    }
}

/// The latest runs of each replica, the last one last.
fn latest(workload: &WorkloadShown) -> Vec<&RunShown> {
    let mut by_slot = BTreeMap::<u32, Vec<&RunShown>>::new();
    for run in &workload.runs {
        by_slot.entry(run.slot).or_default().push(run);
    }
    let latest = by_slot.into_values().flat_map(|runs| {
        let first = runs.len().saturating_sub(RUNS_MAX);
        runs.into_iter().skip(first)
    });
    latest.collect()
}

/// What is wrong with a hosting, if anything is.
fn of_hosting(hosting: &HostingShown, keeper: &str) -> Option<Cause> {
    let (slot, node) = (hosting.slot, &hosting.node);
    let host = hosting.host.as_ref();
    let last_end = host.and_then(|host| host.last_end.as_ref());
    let what = match (hosting.state.as_str(), hosting.runs, hosting.leaves_by_ms) {
        ("kept", true, None) if hosting.is_sound() => {
            // It is well, and what it failed by of late is worth to be known all the same.
            let end = end(node, last_end)?;
            let restarts = match host.map_or(0, |host| host.restarts) {
                0 => String::new(),
                1 => ", after one restart".to_owned(),
                many => format!(", after {many} restarts"),
            };
            return Some(Cause {
                what: format!("replica {slot} runs on {node}{restarts}"),
                by: keeper.to_owned(),
                at_ms: hosting.since_ms,
                promise: Some(hosting.promise.clone()),
                because: vec![end],
            });
        }
        ("kept", true, Some(_)) => {
            format!("{node} leaves, and hosts replica {slot} until others do")
        }
        ("kept", ..) => format!("replica {slot} is starting on {node}"),
        (state, ..) => format!(
            "the promise of {node} to host replica {slot} is {state}: {}",
            hosting.evidence
        ),
    };
    Some(Cause {
        what,
        by: keeper.to_owned(),
        at_ms: hosting.since_ms,
        promise: Some(hosting.promise.clone()),
        because: end(node, last_end).into_iter().collect(),
    })
}

/// How something ended last, as its host says.
fn end(node: &str, end: Option<&EndShown>) -> Option<Cause> {
    let end = end?;
    let frames = end.backtrace.iter().map(|frame| Cause {
        what: frame.clone(),
        by: node.to_owned(),
        at_ms: end.at_ms,
        ..Cause::default()
    });
    Some(Cause {
        what: end.how.clone(),
        by: node.to_owned(),
        at_ms: end.at_ms,
        promise: None,
        because: frames.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::workload::{FailingShown, RefusalShown, StoreShown};
    use super::*;

    fn workload() -> WorkloadShown {
        WorkloadShown {
            name: "web".into(),
            kind: "service".into(),
            generation: 2,
            replicas: 2,
            keeper: "n1".into(),
            ..WorkloadShown::default()
        }
    }

    fn texts(cause: &Cause, depth: usize, all: &mut Vec<String>) {
        all.push(format!(
            "{}{} ({})",
            " ".repeat(depth),
            cause.what,
            cause.by
        ));
        for its in &cause.because {
            texts(its, depth + 1, all);
        }
    }

    fn told(workload: &WorkloadShown) -> Vec<String> {
        let mut all = Vec::new();
        texts(&of_workload(workload), 0, &mut all);
        all
    }

    #[test]
    fn what_fits_nowhere_is_told_with_each_nodes_own_word() {
        let workload = WorkloadShown {
            open: vec![0, 1],
            refusals: vec![RefusalShown {
                node: "pi-2".into(),
                why: "0.1 cores and 40MiB left, 0.1 cores and 64MiB asked".into(),
                at_ms: 5,
            }],
            ..workload()
        };
        assert_eq!(
            told(&workload),
            [
                "web, generation 2: 0 of 2 replicas run (n1)",
                " replica 0 is hosted by nobody (n1)",
                " replica 1 is hosted by nobody (n1)",
                " pi-2 does not host more of it: 0.1 cores and 40MiB left, 0.1 cores and 64MiB asked (pi-2)",
            ]
        );
    }

    #[test]
    fn what_waits_for_its_store_says_for_which_node() {
        let store = |away: Option<&str>| StoreShown {
            node: "n2".into(),
            node_id: String::new(),
            away: away.map(str::to_owned),
        };
        let workload = WorkloadShown {
            open: vec![0],
            replicas: 1,
            store: Some(store(Some("it cannot be reached"))),
            ..workload()
        };
        assert_eq!(
            told(&workload),
            [
                "web, generation 2: 0 of 1 replicas run (n1)",
                " it waits for n2, which has its store: it cannot be reached (n1)",
                " replica 0 is hosted by nobody (n1)",
            ]
        );
        for other in [
            WorkloadShown {
                store: Some(store(None)),
                ..workload.clone()
            },
            WorkloadShown {
                is_stopped: true,
                ..workload.clone()
            },
            WorkloadShown {
                open: Vec::new(),
                ..workload
            },
        ] {
            assert_eq!(other.waits_for_store(), None);
        }
    }

    #[test]
    fn what_fails_is_told_down_to_the_trap() {
        let trap = EndShown {
            at_ms: 7,
            how: "the guest trapped: unreachable".into(),
            backtrace: vec!["boom".into()],
        };
        let workload = WorkloadShown {
            open: vec![0],
            stands_still: true,
            failing: vec![FailingShown {
                slot: 0,
                node: "n2".into(),
                why: "it cannot be started".into(),
                last_end: Some(trap),
                ..FailingShown::default()
            }],
            ..workload()
        };
        assert_eq!(
            told(&workload),
            [
                "web, generation 2: 0 of 2 replicas run (n1)",
                " the update goes no further, since what has begun of it fails (n1)",
                " replica 0 fails on n2: it cannot be started (n1)",
                "  the guest trapped: unreachable (n2)",
                "   boom (n2)",
            ]
        );
    }
}

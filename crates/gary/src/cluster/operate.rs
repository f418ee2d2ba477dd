//! `gary node show`, `drain`, `undrain`, `leave` and `restart`: a node that runs, and its operator.

use std::time::Duration;

use gary_node::api::{DrainingShown, NodeState, WorkloadShown};
use gary_node::client::{AskError, Client, packages};

use super::list::json;
use super::table::{ago, now_ms, size};
use super::typed::{NodeDrainArgs, NodeNamedArgs, NodeRestartArgs, NodeShowArgs};
use super::{asked, context, waiting};
use crate::console;
use crate::problem::{Code, Problem};

/// How long after its deadline a drain has come to what it comes to.
const SETTLES_MS: u64 = 2_000;

/// How often it is looked.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

pub(super) fn show(typed: &NodeShowArgs) -> Result<(), Problem> {
    waiting(async {
        let client = named(&typed.named).await?;
        let state = client.state().await.map_err(asked)?;
        match typed.list.json {
            true => json(&state),
            false => console::out(&text(&state)),
        }
    })
}

/// Drains a node, and waits until that is done.
pub(super) fn drain(typed: &NodeDrainArgs, leave: bool) -> Result<(), Problem> {
    let within_ms = u32::try_from(typed.within.duration().as_millis()).unwrap_or(u32::MAX);
    waiting(async {
        let client = named(&typed.named).await?;
        let name = client.node().await.map_err(asked)?.name;
        client.drain(within_ms, leave).await.map_err(asked)?;
        let within = typed.within;
        eprintln!(
            "{name} takes nothing on; others have {within} to take over what it has (--within)"
        );
        tell_of_stores(&client, &name, leave).await?;
        if typed.no_wait {
            return Ok(());
        }
        loop {
            match client.state().await {
                // It answers still what is under way.
                Ok(state) if state.has_left => {}
                Ok(state) => match state.draining {
                    Some(left) if !leave && left.hosts == 0 && left.keeps.is_empty() => {
                        return console::out(&format!("{name} is drained\n"));
                    }
                    Some(left) if !leave && is_past(left.until_ms) => {
                        return Err(left_over(&name, &left));
                    }
                    // Somebody has it take things on again.
                    None => return console::out(&format!("{name} takes things on again\n")),
                    Some(_) => {}
                },
                // It may still say that it ends.
                Err(
                    AskError::Unreachable { .. }
                    | AskError::Broken(_)
                    | AskError::Refused { status: 503, .. },
                ) if leave => {
                    return console::out(&format!("{name} has left\n"));
                }
                Err(error) => return Err(asked(error)),
            }
            tokio::time::sleep(LOOKS_EVERY).await;
        }
    })
}

/// Tells what nobody takes over from a node that is drained, since the node has its store.
async fn tell_of_stores(client: &Client, node: &str, leave: bool) -> Result<(), Problem> {
    let workloads = match client.workloads().await {
        Ok(workloads) => workloads,
        // It has left by now.
        Err(_) if leave => return Ok(()),
        Err(error) => return Err(asked(error)),
    };
    let is_on = |its: &&WorkloadShown| its.store.as_ref().is_some_and(|store| store.node == node);
    for WorkloadShown { name, .. } in workloads.iter().filter(is_on) {
        let then = match leave {
            true => "it stops, and its store is lost to it",
            false => "it stops at the deadline, and runs again once the node is undrained",
        };
        eprintln!("note: {name} has its store on {node}, and no other node takes it over: {then}");
    }
    Ok(())
}

/// Whether a deadline has passed for as long as what follows from it takes.
fn is_past(until_ms: u64) -> bool {
    now_ms() > until_ms + SETTLES_MS
}

/// What nobody else has come to keep or host by its deadline. It stays drained.
fn left_over(name: &str, left: &DrainingShown) -> Problem {
    let (hosts, keeps) = (left.hosts, left.keeps.join(", "));
    let problem = Problem::new(
        Code::TimedOut,
        format!("{name} is drained but for what nobody takes over"),
    );
    let problem = problem.why(format!("{hosts} replicas are hosted still"));
    problem
        .why(format!("it keeps still: {keeps}"))
        .hint("it takes nothing on, and goes on once others can; gary node undrain ends that")
}

pub(super) fn undrain(typed: &NodeNamedArgs) -> Result<(), Problem> {
    waiting(async {
        let client = named(typed).await?;
        let state = client.undrain().await.map_err(asked)?;
        console::out(&format!("{} takes things on again\n", state.node.name))
    })
}

/// Has a node start again, and waits until it answers anew.
pub(super) fn restart(typed: &NodeRestartArgs) -> Result<(), Problem> {
    let back_within = typed.back_within.duration();
    let back_within_ms = u32::try_from(back_within.as_millis()).unwrap_or(u32::MAX);
    waiting(async {
        let client = named(&typed.named).await?;
        let before = client.state().await.map_err(asked)?;
        let notice = typed.planned.then_some(back_within_ms);
        client.restart(notice).await.map_err(asked)?;
        let name = &before.node.name;
        let again = async {
            loop {
                if let Ok(state) = client.state().await
                    && state.start != before.start
                {
                    return;
                }
                tokio::time::sleep(LOOKS_EVERY).await;
            }
        };
        match tokio::time::timeout(back_within, again).await {
            Ok(()) => console::out(&format!("{name} runs again\n")),
            Err(_) => Err(Problem::new(Code::TimedOut, format!("{name} is not back"))
                .why(format!("it has not answered for {back_within:?}"))
                .hint("look into its log")),
        }
    })
}

async fn named(typed: &NodeNamedArgs) -> Result<Client, Problem> {
    match &typed.node {
        Some(node) => context::client_of(node).await,
        None => context::client().await,
    }
}

fn text(state: &NodeState) -> String {
    let node = &state.node;
    let mut text = format!("{} {}, up {}\n", node.name, node.version, up(state));
    let mut line = |what: &str, value: String| {
        if !value.is_empty() {
            text.push_str(&format!("{what:<9} {value}\n"));
        }
    };
    line("id", node.id.clone());
    line("cluster", node.cluster.clone());
    line("address", node.address.clone());
    line("ingress", node.ingress.clone().unwrap_or_default());
    line("labels", state.labels.join(", "));
    let (left, all) = (state.cpu_cores_left, state.cpu_cores);
    line(
        "cpu",
        format!("{left:.2} of {all:.2} cores promised are left"),
    );
    let (left, all) = (size(state.memory_bytes_left), size(state.memory_bytes));
    line("memory", format!("{left} of {all} promised are left"));
    line("gives", packages(&state.interfaces).join(", "));
    line("members", format!("{} others", state.members));
    line("keeps", state.keeps.join(", "));
    line("hosts", state.hosts.join(", "));
    line("held off", state.held_off.clone().unwrap_or_default());
    if let Some(left) = &state.draining {
        let then = if left.leaves { ", then it leaves" } else { "" };
        let (hosts, keeps) = (left.hosts, left.keeps.len());
        line(
            "drained",
            format!("{hosts} hosted and {keeps} kept are left{then}"),
        );
    }
    text
}

fn up(state: &NodeState) -> String {
    ago(state.since_ms).trim_end_matches(" ago").to_owned()
}

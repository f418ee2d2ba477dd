//! `gary ps`, `nodes`, `promises` and `history`: what there is, in rows.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use gary_node::api::{HostingShown, NodeShown, PromiseShown, RunShown, StoodShown, WorkloadShown};
use gary_node::client::{AskError, Client};
use serde::Serialize;

use super::table::{Table, ago, cut, size, to_come};
use super::typed::{HistoryArgs, ListArgs, PromisesArgs, PsArgs};
use super::{asked, context, waiting};
use crate::console;
use crate::problem::{self, Code, Problem};

/// How often what is watched is shown again.
const SHOWS_EVERY: Duration = Duration::from_secs(1);

/// What has been started again is taken for well once it has run for as long.
const STEADY_AFTER_MS: u64 = 10_000;

/// As much as is told of how something ended last: `gary why` tells all.
const END_CHARS_MAX: usize = 24;

/// As much as is told of who has promised something: nodes have names, and people have keys.
const BY_CHARS_MAX: usize = 12;

/// Said of what waits for the node that has its store.
const WAITS: &str = "waits for its store";

pub(crate) fn workloads(typed: &PsArgs) -> u8 {
    problem::code_of(waiting(async {
        let client = context::client().await?;
        loop {
            let workloads = match &typed.name {
                Some(name) => client.workload(name).await.map(|its| vec![its]),
                None => client.workloads().await,
            };
            let workloads = workloads.map_err(asked)?;
            if typed.watch && std::io::stdout().is_terminal() {
                console::out("\x1b[H\x1b[J")?;
            }
            show(&workloads, &typed.list, table_of_workloads)?;
            if !typed.watch {
                tell_of_pending(&client).await;
                return Ok(());
            }
            tokio::time::sleep(SHOWS_EVERY).await;
        }
    }))
}

/// Says so where something is left with the node that is asked: no row tells of that.
async fn tell_of_pending(client: &Client) {
    // What there is was listed: a node of an earlier release has no answer.
    let left = client.pending().await.unwrap_or_default();
    if let Some(first) = left.first() {
        let (count, node) = (left.len(), &first.node);
        eprintln!("note: left with {node}, and pending or refused: {count}");
        eprintln!("try: gary pending");
    }
}

pub(crate) fn nodes(typed: &ListArgs) -> u8 {
    list(typed, async |client| client.nodes().await, table_of_nodes)
}

pub(crate) fn promises(typed: &PromisesArgs) -> u8 {
    let of = typed.of.clone();
    let promises = async move |client: Client| {
        let mut promises = client.promises().await?;
        if let Some(of) = of {
            let is_of = |its: &PromiseShown| {
                its.by == of || its.to == of || its.workload.as_deref() == Some(&of)
            };
            promises.retain(is_of);
            if promises.is_empty() {
                let why = format!("no promise in this node's scope is of {of}");
                return Err(AskError::Refused { status: 404, why });
            }
        }
        Ok(promises)
    };
    list(&typed.list, promises, table_of_promises)
}

pub(crate) fn history(typed: &HistoryArgs) -> u8 {
    let name = typed.name.clone();
    let history = async move |client: Client| client.history(&name).await;
    list(&typed.list, history, table_of_history)
}

fn list<T: Serialize>(
    typed: &ListArgs,
    ask: impl AsyncFnOnce(Client) -> Result<Vec<T>, AskError>,
    table: fn(&[T]) -> String,
) -> u8 {
    problem::code_of(waiting(async {
        let client = context::client().await?;
        let listed = ask(client).await.map_err(asked)?;
        show(&listed, typed, table)
    }))
}

pub(super) fn show<T: Serialize>(
    listed: &[T],
    typed: &ListArgs,
    table: fn(&[T]) -> String,
) -> Result<(), Problem> {
    match typed.json {
        true => json(listed),
        false => console::out(&table(listed)),
    }
}

pub(super) fn json<T: Serialize + ?Sized>(listed: &T) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(listed);
    let text = text.map_err(|error| Problem::new(Code::Failure, error.to_string()))?;
    console::out(&format!("{text}\n"))
}

fn table_of_workloads(workloads: &[WorkloadShown]) -> String {
    let mut table = Table::new([
        "NAME", "GEN", "UP", "REPLICA", "NODE", "STATE", "RESTARTS", "MEMORY", "LAST END",
    ]);
    for workload in workloads {
        let up = match workload.kind.as_str() {
            _ if workload.is_stopped => "stopped".to_owned(),
            "service" => format!("{}/{}", workload.running(), workload.replicas),
            kind => kind.to_owned(),
        };
        let head = [workload.name.clone(), workload.generation.to_string(), up];
        let mut hostings = Vec::from_iter(&workload.hostings);
        hostings.sort_by_key(|its| (its.slot, its.generation, its.node.clone()));
        let mut rows = Vec::from_iter(hostings.into_iter().map(|its| row(its, workload)));
        // A run that is over is hosted by nobody any more. Of a schedule the last one is told of.
        let over = workload.runs.iter().filter(|its| its.ended.is_some());
        let last = BTreeMap::from_iter(over.map(|its| (its.slot, its)));
        rows.extend(last.into_values().map(row_of_run));
        if let (true, Some((node, _))) = (rows.is_empty(), workload.waits_for_store()) {
            // Nobody else hosts it.
            rows.push(["-", node, WAITS, "-", "-", "-"].map(str::to_owned));
        }
        if rows.is_empty() {
            rows.push(["-", "-", "-", "-", "-", "-"].map(str::to_owned));
        }
        for (index, row) in rows.into_iter().enumerate() {
            let [name, generation, up] = match index {
                0 => head.clone(),
                _ => Default::default(),
            };
            let [replica, node, state, restarts, memory, end] = row;
            table.row([
                name, generation, up, replica, node, state, restarts, memory, end,
            ]);
        }
    }
    table.text()
}

fn row(its: &HostingShown, workload: &WorkloadShown) -> [String; 6] {
    let host = its.host.as_ref();
    let end = host.and_then(|host| host.last_end.as_ref());
    [
        its.slot.to_string(),
        its.node.clone(),
        state(its, workload),
        host.map_or_else(|| "-".to_owned(), |host| host.restarts.to_string()),
        host.map_or_else(
            || "-".to_owned(),
            |host| {
                format!(
                    "{}/{}",
                    mebibytes(host.memory_bytes),
                    size(workload.memory_bytes)
                )
            },
        ),
        end.map_or_else(|| "-".to_owned(), |end| in_short(&end.how)),
    ]
}

fn row_of_run(run: &RunShown) -> [String; 6] {
    let ended = run.ended.as_deref().unwrap_or_default();
    [
        run.slot.to_string(),
        run.node.clone(),
        if run.is_over { "over" } else { "again" }.to_owned(),
        run.attempt.saturating_sub(1).to_string(),
        "-".to_owned(),
        in_short(ended),
    ]
}

/// How something ended, on a terminal in as few characters as a column has.
fn in_short(how: &str) -> String {
    match console::columns() {
        Some(_) => cut(how, END_CHARS_MAX),
        None => console::on_one_line(how),
    }
}

fn mebibytes(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    match mebibytes {
        0.0 => "0".to_owned(),
        few if few < 10.0 => format!("{few:.1}"),
        many => format!("{many:.0}"),
    }
}

/// What a keeper makes of a hosting, and whether it runs.
fn state(hosting: &HostingShown, workload: &WorkloadShown) -> String {
    let is_crashing = hosting.host.as_ref().is_some_and(|host| {
        let end = host.last_end.as_ref();
        let ended_ago_ms = end.map(|end| workload.seen_at_ms.saturating_sub(end.at_ms));
        host.restarts > 0 && ended_ago_ms.is_some_and(|ago| ago < STEADY_AFTER_MS)
    });
    let state = match (hosting.state.as_str(), hosting.runs) {
        ("kept", _) if hosting.is_away => "away",
        ("kept", _) if hosting.leaves_by_ms.is_some() => "leaving",
        ("kept", _) if workload.kind != "service" && !hosting.is_sound() => "waiting",
        ("kept", _) if is_crashing && workload.kind == "service" => "crashing",
        ("kept", true) if hosting.is_sound() => "running",
        ("kept", _) if workload.exclusive => "waiting",
        ("kept", _) => "starting",
        _ if workload.waits_for_store().is_some() => WAITS,
        (state, _) => state,
    };
    match hosting.generation == workload.generation {
        true => state.to_owned(),
        false => format!("{state} (gen {})", hosting.generation),
    }
}

fn table_of_nodes(nodes: &[NodeShown]) -> String {
    let mut table = Table::new(["NAME", "STATE", "CPU", "MEMORY", "ADDRESS", "LABELS", ""]);
    for node in nodes {
        let state = match node.down_since_ms {
            Some(since) => format!("{} for {}", node.state, ago(since).trim_end_matches(" ago")),
            None => node.state.clone(),
        };
        table.row([
            node.name.clone(),
            state,
            format!("{:.2}", node.cpu_cores),
            size(node.memory_bytes),
            node.address.clone(),
            node.labels.join(","),
            if node.is_this { "asked" } else { "" }.to_owned(),
        ]);
    }
    table.text()
}

fn table_of_promises(promises: &[PromiseShown]) -> String {
    let mut table = Table::new(["BY", "PROMISE", "WHAT", "TO", "UNTIL", "STATE"]);
    for its in promises {
        table.row([
            cut(&its.by, BY_CHARS_MAX),
            its.kind.clone(),
            its.what.clone(),
            its.to.clone(),
            its.until_ms.map_or_else(|| "-".to_owned(), to_come),
            its.state.clone(),
        ]);
    }
    table.text()
}

fn table_of_history(history: &[StoodShown]) -> String {
    let mut table = Table::new([
        "GEN",
        "STATE",
        "BY",
        "REPLICAS",
        "CPU",
        "MEMORY",
        "COMPONENT",
        "FAILED",
    ]);
    for its in history.iter().rev() {
        table.row([
            its.generation.to_string(),
            if its.stands { "stands" } else { "stood" }.to_owned(),
            cut(&its.by, BY_CHARS_MAX),
            its.replicas.to_string(),
            format!("{:.2}", its.cpu_cores),
            size(its.memory_bytes),
            cut(&its.component, 20),
            its.failed.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    table.text()
}

//! `gary why`: from what is missing to what it comes from.

use gary_node::api::{Cause, NodeShown};
use gary_node::client::{AskError, Client};

use super::list::json;
use super::table::ago;
use super::typed::WhyArgs;
use super::{asked, context, waiting};
use crate::console;
use crate::problem::{self, Code, Problem};

pub(crate) fn main(typed: &WhyArgs) -> u8 {
    problem::code_of(waiting(async {
        let client = context::client().await?;
        let cause = match client.why(&typed.of).await {
            Err(AskError::Refused { status: 404, .. }) => of_node(&client, &typed.of).await?,
            cause => cause.map_err(asked)?,
        };
        match typed.list.json {
            true => json(&cause),
            false => console::out(&text(&cause)),
        }
    }))
}

/// Why a node is as it is, as far as the one sees that is asked.
async fn of_node(client: &Client, name: &str) -> Result<Cause, Problem> {
    let nodes = client.nodes().await.map_err(asked)?;
    let asks = nodes.iter().find(|its| its.is_this);
    let by = asks.map_or_else(String::new, |its| its.name.clone());
    let node = nodes.iter().find(|its| its.name == name || its.id == name);
    let node = node.ok_or_else(|| {
        let what = format!("no workload and no node is called {name}");
        Problem::new(Code::NotFound, what).hint("gary ps, gary nodes")
    })?;
    let says = |what: String, at_ms| Cause {
        what,
        by: by.clone(),
        at_ms,
        ..Cause::default()
    };
    let mut because = Vec::new();
    let promises = client.promises().await.map_err(asked)?;
    let doubtful = promises.iter().filter(|its| its.by == node.name);
    let doubtful = doubtful.filter(|its| !matches!(its.state.as_str(), "kept" | "own"));
    because.extend(doubtful.map(|its| Cause {
        promise: Some(its.promise.clone()),
        ..says(
            format!(
                "{} {} is {}: {}",
                its.kind, its.what, its.state, its.evidence
            ),
            its.since_ms,
        )
    }));
    for workload in client.workloads().await.map_err(asked)? {
        let refused = workload.refusals.iter().filter(|its| its.node == node.name);
        because.extend(refused.map(|its| Cause {
            what: format!("it does not host more of {}: {}", workload.name, its.why),
            by: node.name.clone(),
            at_ms: its.at_ms,
            ..Cause::default()
        }));
    }
    let (state, at_ms) = state(node);
    Ok(Cause {
        because,
        ..says(format!("{}: {state}", node.name), at_ms)
    })
}

fn state(node: &NodeShown) -> (String, u64) {
    match (node.state.as_str(), node.down_since_ms) {
        ("down", Some(since)) => ("it is down: it cannot be reached".to_owned(), since),
        ("drained", _) => (
            "it is there, and takes nothing on: it is drained".to_owned(),
            0,
        ),
        _ => ("it is there, and takes things on".to_owned(), 0),
    }
}

fn text(cause: &Cause) -> String {
    let mut text = String::new();
    add(cause, 0, &cause.by, &mut text);
    text
}

/// A cause and what it comes from, each a line, with who says it and when where that is not as it is with what it causes.
fn add(cause: &Cause, depth: usize, by: &str, text: &mut String) {
    let indent = "  ".repeat(depth);
    let what = console::on_one_line(&cause.what);
    let said = match (depth, cause.by == by, cause.at_ms) {
        (0, ..) => format!(" (by {})", cause.by),
        (_, true, 0) => String::new(),
        (_, true, at_ms) => match ago(at_ms) {
            now if now == "0s ago" => String::new(),
            before => format!(" ({before})"),
        },
        (_, false, 0) => format!(" (by {})", cause.by),
        (_, false, at_ms) => format!(" (by {}, {})", cause.by, ago(at_ms)),
    };
    text.push_str(&format!("{indent}{what}{said}\n"));
    // Of a guest's stack who says it and when is as with the trap.
    let is_trap = cause
        .because
        .iter()
        .all(|its| its.because.is_empty() && its.at_ms == cause.at_ms);
    for its in &cause.because {
        match is_trap && its.by == cause.by && its.promise.is_none() {
            true => text.push_str(&format!("{indent}  {}\n", console::on_one_line(&its.what))),
            false => add(its, depth + 1, &cause.by, text),
        }
    }
}

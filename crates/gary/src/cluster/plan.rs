//! `gary deploy --plan`: what would change, and who could take it on.

use gary_node::api::NodeShown;
use gary_node::client::{Client, Deployment};

use super::table::{Table, size};
use super::{asked, not_deployed};
use crate::console;
use crate::problem::Problem;

/// Shows what a deploy would change, and changes nothing.
pub(super) async fn show(client: &Client, deployment: Deployment) -> Result<(), Problem> {
    let nodes = client.nodes().await.map_err(asked)?;
    let mut table = Table::new(["NODE", "COULD", "WHY NOT"]);
    for node in &nodes {
        let why_not = why_not(node, &deployment);
        let could = if why_not.is_empty() { "yes" } else { "no" };
        table.row([node.name.clone(), could.to_owned(), why_not]);
    }
    let name = deployment.name.clone();
    let plan = client.plan(deployment).await.map_err(not_deployed)?;
    let generation = plan.generation;
    let mut text = match (generation, plan.changes.is_empty()) {
        (1, _) => format!("{name} is new\n"),
        (_, true) => format!("{name}: nothing changes but its generation, to {generation}\n"),
        (_, false) => format!("{name}: generation {} to {generation}\n", generation - 1),
    };
    for change in &plan.changes {
        let from = change
            .from
            .as_deref()
            .map_or_else(String::new, |from| format!("{from} -> "));
        text.push_str(&format!("  {:<10} {from}{}\n", change.what, change.to));
    }
    text.push_str(&format!("\n{}", table.text()));
    text.push_str("\nWhether a node has room left is its own to say once it is asked.\n");
    console::out(&text)
}

/// Why a node could not host a replica, by what it promises to everyone.
fn why_not(node: &NodeShown, deployment: &Deployment) -> String {
    let cores = deployment.cpu_cores_micro as f64 / 1e6;
    let lacks = |(key, value): &&(String, String)| !node.labels.contains(&format!("{key}={value}"));
    let lacking = deployment.labels.iter().find(lacks);
    match lacking {
        _ if node.state != "up" => format!("it is {}", node.state),
        Some((key, value)) => format!("it is not labelled {key}={value}"),
        None if node.memory_bytes < deployment.memory_bytes => {
            let (promised, needed) = (size(node.memory_bytes), size(deployment.memory_bytes));
            format!("it promises {promised} of memory, {needed} are needed")
        }
        None if node.cpu_cores < cores => {
            format!(
                "it promises {:.2} cores, {cores:.2} are needed",
                node.cpu_cores
            )
        }
        None => String::new(),
    }
}

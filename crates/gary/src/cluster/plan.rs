//! `gary deploy --plan`: what would change, and who could take it on.

use gary_node::api::NodeShown;
use gary_node::client::{Client, Deployment};

use super::table::{Table, size};
use super::{asked, not_deployed};
use crate::console;
use crate::problem::Problem;

/// The most nodes of which a deploy says what each lacks.
const TOLD_MAX: usize = 16;

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

/// Where no node that is there promises what a replica needs: what each of them lacks. It may be deployed all the same,
/// and runs once somebody promises that.
pub(super) async fn unfit(
    client: &Client,
    deployment: &Deployment,
) -> Result<Vec<String>, Problem> {
    let nodes = client.nodes().await.map_err(asked)?;
    Ok(unfit_among(&nodes, deployment))
}

fn unfit_among(nodes: &[NodeShown], deployment: &Deployment) -> Vec<String> {
    let why_not = nodes
        .iter()
        .map(|node| (&node.name, why_not(node, deployment)));
    let mut why_not = Vec::from_iter(why_not);
    if why_not.iter().any(|(_, why)| why.is_empty()) {
        return Vec::new();
    }
    let more = why_not.len().saturating_sub(TOLD_MAX);
    why_not.truncate(TOLD_MAX);
    let nobody = "no node promises what it needs, and it runs once one does".to_owned();
    let each = why_not
        .into_iter()
        .map(|(name, why)| format!("{name}: {why}"));
    let more = (more > 0).then(|| format!("{more} more nodes: gary deploy --plan says why"));
    [nobody].into_iter().chain(each).chain(more).collect()
}

/// Why a node could not host a replica, by what it promises to everyone.
fn why_not(node: &NodeShown, deployment: &Deployment) -> String {
    let cores = deployment.cpu_cores_micro as f64 / 1e6;
    let lacks = |(key, value): &&(String, String)| !node.labels.contains(&format!("{key}={value}"));
    let lacking = deployment.labels.iter().find(lacks);
    let interface = deployment.lacking(&node.interfaces).next();
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
        None => interface.map_or_else(String::new, |its| format!("lacks {its}")),
    }
}

#[cfg(test)]
mod tests {
    use gary_node::RunSpec;
    use gary_node::client::Kind;

    use super::*;

    fn deployment(interface: &str) -> Deployment {
        Deployment {
            name: "web".into(),
            component: Vec::new(),
            digest: [0; 32],
            replicas: 1,
            cpu_cores_micro: 1,
            memory_bytes: 1,
            kind: Kind::Service { exclusive: false },
            hosts: Vec::new(),
            labels: Vec::new(),
            spread: Vec::new(),
            max_surge: 1,
            max_unavailable: 0,
            interfaces: vec![interface.into()],
            spec: RunSpec::default(),
        }
    }

    fn node(number: usize, interface: &str) -> NodeShown {
        NodeShown {
            name: format!("n{number}"),
            state: "up".into(),
            cpu_cores: 1.0,
            memory_bytes: 1,
            interfaces: vec![interface.into()],
            ..NodeShown::default()
        }
    }

    #[test]
    fn a_node_lacks_what_it_promises_in_no_version_that_would_do() {
        let needs = deployment("wasi:foo/bar@0.3.0");
        let older = node(2, "wasi:foo/bar@0.2.9");
        assert_eq!(why_not(&older, &needs), "lacks wasi:foo/bar@0.3.0");
        let newer = node(2, "wasi:foo/bar@0.3.7");
        assert_eq!(why_not(&newer, &needs), "");
        // It is told only where nobody could.
        assert_eq!(unfit_among(&[older, newer], &needs), Vec::<String>::new());
    }

    #[test]
    fn where_no_node_could_it_is_told_what_each_lacks_up_to_a_limit() {
        let needs = deployment("wasi:foo/bar@0.3.0");
        let nodes = (1..=TOLD_MAX + 2).map(|number| node(number, "wasi:foo/baz@0.3.0"));
        let told = unfit_among(&Vec::from_iter(nodes), &needs);
        assert_eq!(told.len(), 1 + TOLD_MAX + 1);
        assert_eq!(
            told[0],
            "no node promises what it needs, and it runs once one does"
        );
        assert_eq!(told[2], "n2: lacks wasi:foo/bar@0.3.0");
        assert_eq!(
            told[TOLD_MAX + 1],
            "2 more nodes: gary deploy --plan says why"
        );
    }
}

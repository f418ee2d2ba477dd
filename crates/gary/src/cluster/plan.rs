//! `gary deploy --plan`: what would change, and who could take it on.

use gary_node::client::{Client, Deployment, Person, Plan, PlanNode};
use schemars::JsonSchema;
use serde::Serialize;

use super::deploy::tell_moved;
use super::list::json;
use super::not_deployed;
use super::table::Table;
use crate::console;
use crate::problem::Problem;

/// The most nodes of which a deploy says what each lacks.
const TOLD_MAX: usize = 16;

/// What a deploy would change, as one JSON document.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Planned {
    /// The name.
    name: String,
    /// Which generation it would be.
    generation: u64,
    /// What would be otherwise than it is; of something new, what it would be.
    changes: Vec<PlannedChange>,
    /// Who is in the cluster, and could take it on or not.
    nodes: Vec<PlannedNode>,
    /// Where its store is and would be, where it would begin with an empty one.
    moved: Option<PlannedMove>,
}

/// Something that would be otherwise.
#[derive(Debug, Serialize, JsonSchema)]
struct PlannedChange {
    /// What.
    what: String,
    /// How it is, where it is at all.
    from: Option<String>,
    /// How it would be, where it would be at all.
    to: Option<String>,
}

/// A node, and whether it could host a replica.
#[derive(Debug, Serialize, JsonSchema)]
struct PlannedNode {
    /// What people call it.
    name: String,
    /// Why it could not, by what it promises to everyone; nothing where it could.
    why_not: Option<String>,
}

/// A store that would be left behind.
#[derive(Debug, Serialize, JsonSchema)]
struct PlannedMove {
    /// The node that has it.
    from: String,
    /// The node that would have an empty one.
    to: String,
}

/// Shows what a deploy would change, or one that is left with the node by this person, and changes nothing.
pub(super) async fn show(
    client: &Client,
    deployment: Deployment,
    left_by: Option<&Person>,
    is_json: bool,
) -> Result<(), Problem> {
    let name = deployment.name.clone();
    let plan = client.plan(deployment, left_by).await;
    let plan = plan.map_err(not_deployed)?;
    match is_json {
        true => json(&document(name, plan)),
        false => show_text(&name, plan),
    }
}

fn document(name: String, plan: Plan) -> Planned {
    let changes = plan.changes.into_iter().map(|its| PlannedChange {
        what: its.what,
        from: its.from,
        to: its.to,
    });
    let nodes = plan.nodes.into_iter().map(|its| PlannedNode {
        name: its.name,
        why_not: its.why_not,
    });
    Planned {
        name,
        generation: plan.generation,
        changes: changes.collect(),
        nodes: nodes.collect(),
        moved: plan.moved.map(|its| PlannedMove {
            from: its.from,
            to: its.to,
        }),
    }
}

fn show_text(name: &str, plan: Plan) -> Result<(), Problem> {
    let mut table = Table::new(["NODE", "COULD", "WHY NOT"]);
    for node in plan.nodes {
        let could = if node.why_not.is_none() { "yes" } else { "no" };
        table.row([
            node.name,
            could.to_owned(),
            node.why_not.unwrap_or_default(),
        ]);
    }
    let generation = plan.generation;
    let mut text = match (generation, plan.changes.is_empty()) {
        (1, _) => format!("{name} is new\n"),
        (_, true) => format!("{name}: nothing changes but its generation, to {generation}\n"),
        (_, false) => format!("{name}: generation {} to {generation}\n", generation - 1),
    };
    let width = plan.changes.iter().map(|its| its.what.len()).max();
    let width = width.unwrap_or_default();
    for change in &plan.changes {
        let word = |its: &Option<String>| its.clone().unwrap_or_else(|| "nothing".to_owned());
        let from = match generation {
            1 => String::new(),
            _ => format!("{} -> ", word(&change.from)),
        };
        let to = word(&change.to);
        text.push_str(&format!("  {:<width$} {from}{to}\n", change.what));
    }
    text.push_str(&format!("\n{}", table.text()));
    text.push_str("\nWhether a node has room left is its own to say once it is asked.\n");
    console::out(&text)?;
    tell_moved(name, plan.moved.as_ref());
    Ok(())
}

/// What is told where no node that is there promises what a replica needs. It may be deployed all the same.
pub(super) fn nobody_could(unfit: &[PlanNode]) -> Vec<String> {
    if unfit.is_empty() {
        return Vec::new();
    }
    let nobody = "no node promises what it needs, and it runs once one does".to_owned();
    let each = unfit.iter().take(TOLD_MAX).map(|node| {
        let why_not = node.why_not.as_deref().unwrap_or_default();
        format!("{}: {why_not}", node.name)
    });
    let more = unfit.len().saturating_sub(TOLD_MAX);
    let more = (more > 0).then(|| format!("{more} more nodes: gary deploy --plan says why"));
    [nobody].into_iter().chain(each).chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_node_could_it_is_told_what_each_lacks_up_to_a_limit() {
        let unfit = (1..=TOLD_MAX + 2).map(|number| PlanNode {
            name: format!("n{number}"),
            why_not: Some("lacks wasi:foo/bar@0.3.0".into()),
        });
        let told = nobody_could(&Vec::from_iter(unfit));
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
        assert_eq!(nobody_could(&[]), Vec::<String>::new());
    }
}

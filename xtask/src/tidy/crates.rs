//! Which crate may use which, and what must stay out of reach of a pure one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand, PackageId};

use super::{Finding, Place};
use crate::repository;

/// The crates of the workspace and the crates of the workspace that each may use, whatever for. A new
/// crate or edge needs a decision record.
const ALLOWED: &[(&str, &[&str])] = &[
    ("gary-promise", &[]),
    ("gary-agent", &["gary-promise"]),
    ("gary-wire", &["gary-promise"]),
    ("gary-sim", &["gary-promise", "gary-agent", "gary-wire"]),
    ("gary-manifest", &[]),
    ("gary-transport", &[]),
    ("gary-host", &[]),
    ("gary-store", &[]),
    (
        "gary-node",
        &[
            "gary-promise",
            "gary-agent",
            "gary-wire",
            "gary-transport",
            "gary-host",
            "gary-store",
        ],
    ),
    ("gary", &["gary-node", "gary-host", "gary-manifest"]),
    ("xtask", &["gary-sim", "gary-host", "gary-node"]),
];

/// Crates that decide and never act.
const PURE: &[&str] = &[
    "gary-promise",
    "gary-agent",
    "gary-wire",
    "gary-sim",
    "gary-manifest",
];

/// Crates that act: a pure one that reaches one of them is none.
const IO: &[&str] = &["hyper", "mio", "quinn", "redb", "tokio", "wasmtime"];

/// Who uses whom.
pub(super) struct Graph {
    /// The crates of this workspace.
    members: BTreeSet<String>,
    /// From crate to crate, for any purpose.
    edges: BTreeSet<(String, String)>,
    /// From crate to crate, for building and running it.
    links: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// The graph that cargo resolved, on every platform and with every feature that anything in the
    /// workspace asks for: what one member turns on counts against all of them.
    pub(super) fn of_workspace() -> Result<Self> {
        let metadata = MetadataCommand::new()
            .current_dir(repository::root())
            .other_options(["--locked".to_owned()])
            .exec()
            .context("cargo metadata failed")?;
        let resolve = metadata.resolve.as_ref().context("nothing was resolved")?;
        let name = |id: &PackageId| metadata[id].name.to_string();

        let mut graph = Self {
            members: metadata.workspace_members.iter().map(name).collect(),
            edges: BTreeSet::new(),
            links: BTreeMap::new(),
        };
        // Resolved edges leave out what only a feature that is off would use.
        for member in metadata.workspace_packages() {
            for dependency in &member.dependencies {
                let edge = (member.name.to_string(), dependency.name.clone());
                graph.edges.insert(edge);
            }
        }
        for node in &resolve.nodes {
            for dependency in &node.deps {
                let kinds = &dependency.dep_kinds;
                if kinds
                    .iter()
                    .any(|kind| kind.kind != DependencyKind::Development)
                {
                    let users = graph.links.entry(name(&node.id)).or_default();
                    users.insert(name(&dependency.pkg));
                }
            }
        }
        Ok(graph)
    }
}

pub(super) fn check(graph: &Graph) -> Vec<Finding> {
    let mut findings = check_members(graph);
    findings.extend(check_edges(graph));
    findings.extend(check_reach(graph));
    findings
}

fn check_members(graph: &Graph) -> Vec<Finding> {
    let known = |name: &str| ALLOWED.iter().any(|(member, _)| *member == name);
    let strangers = graph.members.iter().filter(|name| !known(name));
    strangers
        .map(|name| Finding {
            place: Place::Crate(name.clone()),
            rule: "crate-edge",
            what: "is not in the list of crates; a new one needs a decision record".to_owned(),
        })
        .collect()
}

fn check_edges(graph: &Graph) -> Vec<Finding> {
    let may_use = |from: &str, to: &str| {
        ALLOWED
            .iter()
            .any(|(member, used)| *member == from && used.contains(&to))
    };
    let forbidden = graph
        .edges
        .iter()
        .filter(|(from, to)| graph.members.contains(to) && from != to && !may_use(from, to));
    forbidden
        .map(|(from, to)| Finding {
            place: Place::Crate(from.clone()),
            rule: "crate-edge",
            what: format!("may not use {to}; a new edge needs a decision record"),
        })
        .collect()
}

fn check_reach(graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pure in PURE.iter().filter(|pure| graph.members.contains(**pure)) {
        let came_from = graph.reach(pure);
        for io in IO.iter().filter(|io| came_from.contains_key(**io)) {
            findings.push(Finding {
                place: Place::Crate((*pure).to_owned()),
                rule: "pure-crate",
                what: format!("is pure and reaches {io}: {}", path(&came_from, io)),
            });
        }
    }
    findings
}

impl Graph {
    /// Every crate that `from` reaches, and the crate by which it was first reached.
    fn reach<'a>(&'a self, from: &'a str) -> BTreeMap<&'a str, &'a str> {
        let mut came_from = BTreeMap::new();
        let mut waiting = VecDeque::from([from]);
        while let Some(user) = waiting.pop_front() {
            for used in self.links.get(user).into_iter().flatten() {
                if used != from && !came_from.contains_key(used.as_str()) {
                    came_from.insert(used.as_str(), user);
                    waiting.push_back(used);
                }
            }
        }
        came_from
    }
}

/// The shortest way to `to`, as `a -> b -> to`.
fn path(came_from: &BTreeMap<&str, &str>, to: &str) -> String {
    let steps = std::iter::successors(Some(to), |step| came_from.get(step).copied());
    let mut steps: Vec<&str> = steps.collect();
    steps.reverse();
    steps.join(" -> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A graph of `a -> b` edges that all link, whose members are the names that the list knows and
    /// these.
    fn graph(more_members: &[&str], edges: &[(&str, &str)]) -> Graph {
        let named = ALLOWED.iter().map(|(member, _)| *member);
        let mut graph = Graph {
            members: named
                .chain(more_members.iter().copied())
                .map(str::to_owned)
                .collect(),
            edges: BTreeSet::new(),
            links: BTreeMap::new(),
        };
        for (from, to) in edges {
            let (from, to) = ((*from).to_owned(), (*to).to_owned());
            graph.edges.insert((from.clone(), to.clone()));
            graph.links.entry(from).or_default().insert(to);
        }
        graph
    }

    fn messages(graph: &Graph) -> Vec<String> {
        check(graph).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_list_names_each_crate_once_and_uses_only_crates_it_names() {
        let names: BTreeSet<&str> = ALLOWED.iter().map(|(member, _)| *member).collect();
        assert_eq!(names.len(), ALLOWED.len());
        for (member, used) in ALLOWED {
            for name in *used {
                assert!(names.contains(name), "{member} -> {name}");
            }
        }
        for pure in PURE {
            let (_, used) = ALLOWED
                .iter()
                .find(|(member, _)| member == pure)
                .expect(pure);
            assert!(used.iter().all(|name| PURE.contains(name)), "{pure}");
        }
    }

    #[test]
    fn an_edge_on_the_list_passes() {
        let graph = graph(&[], &[("gary", "gary-host"), ("gary-host", "wasmtime")]);
        assert_eq!(messages(&graph), [""; 0]);
    }

    #[test]
    fn an_edge_off_the_list_is_found() {
        let graph = graph(&[], &[("gary-host", "gary-manifest")]);
        assert_eq!(
            messages(&graph),
            [
                "gary-host: crate-edge: may not use gary-manifest; a new edge needs a decision record"
            ]
        );
    }

    #[test]
    fn a_crate_off_the_list_is_found() {
        let graph = graph(&["gary-scheduler"], &[]);
        assert!(messages(&graph)[0].starts_with("gary-scheduler: crate-edge: is not in the list"));
    }

    #[test]
    fn a_pure_crate_that_reaches_io_is_found_with_the_way_there() {
        let edges = [
            ("gary-agent", "foca"),
            ("foca", "gossip"),
            ("gossip", "tokio"),
            ("gossip", "foca"),
        ];
        assert_eq!(
            messages(&graph(&[], &edges)),
            [
                "gary-agent: pure-crate: is pure and reaches tokio: gary-agent -> foca -> gossip -> tokio"
            ]
        );
    }
}

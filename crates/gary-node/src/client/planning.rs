//! What a deploy would change.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{
    Axis, ComponentDigest, Interface, Interfaces, LabelKey, Labels, Mode, Needs, Resources, Use,
};
use serde_json::Value;

use super::asking::Client;
use super::deploying::{DeployError, Deployed, Deployment};
use super::person::Person;
use super::storing::Moved;
use crate::api::{NAME_LABEL, NodeShown};
use crate::store_node;

/// What a deploy would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Which generation it would be.
    pub generation: u64,
    /// What would be otherwise than it is; of something new, what it would be.
    pub changes: Vec<Change>,
    /// Who could take it on.
    pub nodes: Vec<PlanNode>,
    /// Where it begins with empty stores, if it had some elsewhere.
    pub moved: Option<Moved>,
}

/// A node, and whether it could host a replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanNode {
    /// What people call it.
    pub name: String,
    /// Why it could not, by what it promises to everyone; nothing where it could.
    pub why_not: Option<String>,
}

/// Something that would be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub what: String,
    /// How it is, where it is at all.
    pub from: Option<String>,
    /// How it would be, where it would be at all.
    pub to: Option<String>,
}

impl Client {
    /// What a deploy would change, or one that is left with the node by this person. Nothing is changed by that.
    ///
    /// # Errors
    /// When the node does not answer, or it is nothing that can be deployed.
    pub async fn plan(
        &self,
        deployment: Deployment,
        left_by: Option<&Person>,
    ) -> Result<Plan, DeployError> {
        let standing = match left_by {
            Some(person) => self.standing_or_left(person, &deployment.name).await?,
            None => self.standing(&deployment.name).await?,
        };
        let digest = ComponentDigest::from_bytes(deployment.digest);
        let wanted = deployment.wanted(digest)?;
        wanted.check().map_err(super::deploying::nonsense)?;
        let (wanted, moved) = self.bind(wanted, standing.as_ref()).await?;
        let nodes = plan_nodes(&self.nodes().await?, &wanted.needs);
        let from = standing.as_ref().map(|its| words(its.wanted()));
        Ok(Plan {
            generation: standing.map_or(1, |its| its.generation() + 1),
            changes: differences(from.unwrap_or_default(), words(&wanted)),
            nodes,
            moved,
        })
    }

    /// Where no node that is there promises what a replica needs: why not, of each. It runs once one does.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn unfit(&self, deployed: &Deployed) -> Result<Vec<PlanNode>, DeployError> {
        let nodes = plan_nodes(&self.nodes().await?, &deployed.needs);
        let is_any_fit = nodes.iter().any(|its| its.why_not.is_none());
        Ok(if is_any_fit { Vec::new() } else { nodes })
    }
}

fn plan_nodes(nodes: &[NodeShown], needs: &Needs) -> Vec<PlanNode> {
    let nodes = nodes.iter().map(|node| PlanNode {
        name: node.name.clone(),
        why_not: why_not(node, needs),
    });
    nodes.collect()
}

/// Why a node could not host a replica, by what it promises to everyone.
pub(super) fn why_not(node: &NodeShown, needs: &Needs) -> Option<String> {
    let needed = needs.portion.resources();
    // What is shown is of so many millionths of a core.
    let cores_micro = (node.cpu_cores * 1e6).round() as u64;
    let promised = Resources::new(cores_micro, node.memory_bytes).unwrap_or(Resources::NONE);
    if node.state != "up" {
        return Some(format!("it is {}", node.state));
    }
    let too_small = || format!("it promises {promised}, and {needed} are needed");
    lacking(node, &needs.labels)
        .or_else(|| (!promised.covers(needed)).then(too_small))
        .or_else(|| lacking_interface(node, &needs.interfaces))
}

/// Which interface a node lacks of those that are needed, in any version that would do.
fn lacking_interface(node: &NodeShown, needed: &Interfaces) -> Option<String> {
    let promised = node.interfaces.iter().filter_map(|its| its.parse().ok());
    let promised = Vec::<Interface>::from_iter(promised);
    let lacks = |needed: &&Interface| !promised.iter().any(|its| its.stands_in_for(needed));
    let lacking = needed.iter().find(lacks);
    lacking.map(|its| format!("lacks {its}"))
}

/// Which label a node lacks of those that are needed.
pub(super) fn lacking(node: &NodeShown, labels: &Labels) -> Option<String> {
    labels.iter().find_map(|(key, value)| {
        let (has_it, why) = match key.as_str() {
            NAME_LABEL => (node.name == value.as_str(), format!("it is not {value}")),
            store_node::LABEL => (
                store_node::is(value, &node.id),
                "it is not the node of its store".to_owned(),
            ),
            _ => {
                let label = format!("{key}={value}");
                let why = format!("it is not labelled {label}");
                (node.labels.contains(&label), why)
            }
        };
        (!has_it).then_some(why)
    })
}

fn differences(from: BTreeMap<String, String>, to: BTreeMap<String, String>) -> Vec<Change> {
    let whats: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let of = |words: &BTreeMap<String, String>, what: &String| {
        words.get(what).filter(|its| !its.is_empty()).cloned()
    };
    let changes = whats.into_iter().filter_map(|what| {
        let (from, to) = (of(&from, what), of(&to, what));
        (from != to).then(|| Change {
            what: what.clone(),
            from,
            to,
        })
    });
    changes.collect()
}

/// What is wanted, in words.
fn words(wanted: &Use) -> BTreeMap<String, String> {
    let is_store = |key: &LabelKey| key.as_str() == store_node::LABEL;
    let labels = wanted.needs.labels.iter().filter(|(key, _)| !is_store(key));
    let labels = labels.map(|(key, value)| format!("{key}={value}"));
    let needed = wanted.needs.interfaces.iter().map(ToString::to_string);
    let routes = wanted.routes.iter().map(ToString::to_string);
    let spread = wanted.spread.axes().iter().map(|axis| match axis {
        Axis::Node => "node".to_owned(),
        Axis::Label(label) => label.to_string(),
    });
    let (surge, unavailable) = (wanted.pace.max_surge(), wanted.pace.max_unavailable());
    let words = [
        ("component", wanted.component.to_string()),
        ("replicas", wanted.valency.get().to_string()),
        (
            "stopped",
            if wanted.is_stopped { "yes" } else { "" }.to_owned(),
        ),
        ("promised", wanted.needs.portion.resources().to_string()),
        ("needs", packages(needed).join(", ")),
        ("hosts", Vec::from_iter(routes).join(", ")),
        ("labels", Vec::from_iter(labels).join(", ")),
        ("spread", Vec::from_iter(spread).join(", ")),
        ("mode", mode(wanted)),
        ("update", format!("{surge} over, {unavailable} under")),
    ];
    let words = words.map(|(what, value)| (what.to_owned(), value));
    // How it is run is said key by key. What cannot be read is not there to be compared.
    let spec: BTreeMap<String, Value> =
        serde_json::from_slice(wanted.spec.as_bytes()).unwrap_or_default();
    let spec = spec.into_iter().map(|(key, value)| {
        let said = match &value {
            Value::Null | Value::Bool(false) => String::new(),
            Value::Array(values) if values.is_empty() => String::new(),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        (key, said)
    });
    words.into_iter().chain(spec).collect()
}

/// The packages that interfaces are of, each once for each of its versions: what people can take in.
pub fn packages<I: AsRef<str>>(interfaces: impl IntoIterator<Item = I>) -> Vec<String> {
    let packages = interfaces.into_iter().map(|interface| {
        let interface = interface.as_ref();
        let (name, version) = match interface.find('@') {
            Some(at) => interface.split_at(at),
            None => (interface, ""),
        };
        let package = name.split('/').next().unwrap_or(name);
        format!("{package}{version}")
    });
    let packages: BTreeSet<String> = packages.collect();
    packages.into_iter().collect()
}

/// Whether it runs on and on, in words.
fn mode(wanted: &Use) -> String {
    match &wanted.mode {
        Mode::Service if wanted.exclusive => "a service, on one node at most".to_owned(),
        Mode::Service => "a service".to_owned(),
        Mode::Job(retries) => format!("a job, {} retries", retries.get()),
        Mode::Schedule(schedule, retries) => {
            let period_ms = schedule.period_ms();
            format!("every {period_ms} ms, {} retries", retries.get())
        }
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::Portion;

    use super::*;

    #[test]
    fn of_interfaces_people_are_told_the_packages() {
        let interfaces = [
            "wasi:io/streams@0.2.12",
            "wasi:io/poll@0.2.12",
            "wasi:io/poll@0.3.0",
            "wasi:logging/logging",
        ];
        let expected = ["wasi:io@0.2.12", "wasi:io@0.3.0", "wasi:logging"];
        assert_eq!(packages(interfaces), expected);
    }

    #[test]
    fn a_node_lacks_what_it_promises_in_no_version_that_would_do() {
        let needs = Needs {
            portion: Portion::new(1, 1).expect("something of both"),
            labels: Labels::default(),
            architecture: None,
            interfaces: Interfaces::new(["wasi:foo/bar@0.3.0".parse().expect("it is one")])
                .expect("there is one"),
        };
        let node = |interface: &str| NodeShown {
            state: "up".into(),
            cpu_cores: 1.0,
            memory_bytes: 1,
            interfaces: vec![interface.into()],
            ..NodeShown::default()
        };
        let lacks = Some("lacks wasi:foo/bar@0.3.0".to_owned());
        assert_eq!(why_not(&node("wasi:foo/bar@0.2.9"), &needs), lacks);
        assert_eq!(why_not(&node("wasi:foo/bar@0.3.7"), &needs), None);
    }
}

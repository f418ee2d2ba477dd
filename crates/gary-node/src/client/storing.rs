//! Keyvalue stores: a workload of one replica is bound to the node that has its stores, by its owner's word.
//!
//! The client chooses that node with the first deploy, and every later intent of what has stores of its own says the same one,
//! also where some before it had none. Only somebody who names another node moves it, and what it has stored stays where it is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gary_agent::HISTORY_MAX;
use gary_promise::{LabelValue, Labels, Mode, Needs, Pace, Use};

use super::asking::Client;
use super::deploying::{DeployError, Standing, nonsense};
use super::planning::{lacking, why_not};
use crate::api::{NAME_LABEL, NodeShown, WorkloadShown};
use crate::run_spec::{RunSpec, StoresOf};
use crate::store_node;

/// Where no node is seen that could have a store, for how long it is looked again: a node that has just started, and is asked,
/// hears of others by then.
const HEARS_WITHIN: Duration = Duration::from_secs(3);

/// How often it is looked.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// What a workload with stores says, and no workload can be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It has more than one replica, and one store.
    #[error("it has a keyvalue store, which is on one node, and this is for {replicas} replicas")]
    Shared {
        /// How many it is for.
        replicas: u32,
    },
    /// Each of its replicas has stores of its own, and runs to completion.
    #[error("a job or a schedule has no store for each replica: any node runs the next one")]
    OfRun,
    /// It requires by itself what binds a workload to the node of its store.
    #[error(
        "the label {} says which node has a store, and only Gary requires it",
        store_node::LABEL
    )]
    Label,
    /// It has its store on a node that is not what is required.
    #[error("it has its store on {node}: {why}")]
    Elsewhere {
        /// What people call the node.
        node: String,
        /// What it is not.
        why: String,
    },
    /// No node could have its store.
    #[error("no node promises enough to have its store")]
    Nowhere {
        /// Why each could not: its name, and the reason.
        why: Vec<(String, String)>,
    },
}

/// A workload is bound to another node, where there is nothing of its stores unless it was there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// What people call the node that has its stores still, until it is deleted.
    pub from: String,
    /// What they call the node that it is bound to now.
    pub to: String,
}

/// In what an intent with stores contradicts itself, if it does.
pub(super) fn check(wanted: &Use) -> Result<(), StoreError> {
    let replicas = wanted.valency.get();
    match (stores(wanted), &wanted.mode) {
        (Some(StoresOf::Workload), _) if replicas > 1 => Err(StoreError::Shared { replicas }),
        (Some(StoresOf::Replica), Mode::Job(_) | Mode::Schedule(..)) => Err(StoreError::OfRun),
        _ => Ok(()),
    }
}

/// Whose the stores of an intent are. What cannot be read has none.
fn stores(wanted: &Use) -> Option<StoresOf> {
    RunSpec::unpack(&wanted.spec).ok()?.stores
}

/// To which node a workload is bound.
struct Bound {
    mark: LabelValue,
    /// How its owner named that node, if they did.
    name: Option<LabelValue>,
}

impl Bound {
    fn by(needed: &Labels) -> Option<Self> {
        Some(Self {
            mark: store_node::of(needed)?.clone(),
            name: name(needed).cloned(),
        })
    }
}

/// The name that a node is required to have.
fn name(required: &Labels) -> Option<&LabelValue> {
    let mut required = required.iter();
    let named = required.find(|(key, _)| key.as_str() == NAME_LABEL);
    named.map(|(_, name)| name)
}

/// Nobody opens stores before whoever had them has closed them: an earlier replica goes first.
fn paced(pace: Pace) -> Result<Pace, DeployError> {
    Pace::new(0, pace.max_unavailable().max(1)).map_err(nonsense)
}

/// The same needs, of the node that is named so, or of any.
fn on(needs: Needs, mark: Option<LabelValue>) -> Result<Needs, DeployError> {
    let others = needs
        .labels
        .iter()
        .filter(|(key, _)| **key != store_node::key());
    let others = others.map(|(key, value)| (key.clone(), value.clone()));
    let mark = mark.map(|mark| (store_node::key(), mark));
    let labels = Labels::new(others.chain(mark)).map_err(nonsense)?;
    Ok(Needs { labels, ..needs })
}

impl Client {
    /// Binds what is wanted to the node that has its stores, where it has any, and says whether that is another than before.
    pub(super) async fn bind(
        &self,
        wanted: Use,
        standing: Option<&Standing>,
    ) -> Result<(Use, Option<Moved>), DeployError> {
        check(&wanted)?;
        let Some(stores) = stores(&wanted) else {
            return Ok((wanted, None));
        };
        let wanted = Use {
            pace: paced(wanted.pace)?,
            ..wanted
        };
        if stores == StoresOf::Replica {
            return Ok((wanted, None));
        }
        let bound = match standing {
            Some(standing) => self.bound(standing).await?,
            None => None,
        };
        let needs = on(wanted.needs.clone(), None)?;
        let nodes = self.nodes().await?;
        let has_it = |mark: &LabelValue| nodes.iter().find(|its| store_node::is(mark, &its.id));
        let (mark, moved) = match bound {
            Some(bound) if !names_another(&bound, has_it(&bound.mark), &needs.labels) => {
                stays(has_it(&bound.mark), &needs.labels)?;
                (bound.mark, None)
            }
            bound => {
                let to = self.choose(&needs).await?;
                let id = to.id.parse().map_err(nonsense)?;
                // It may not have been known before by what people call it.
                let elsewhere = bound.filter(|its| !store_node::is(&its.mark, &to.id));
                let from = elsewhere.map(|its| match has_it(&its.mark) {
                    Some(node) => node.name.clone(),
                    None => its.name.unwrap_or(its.mark).to_string(),
                });
                let moved = from.map(|from| Moved { from, to: to.name });
                (store_node::mark(&id).parse().map_err(nonsense)?, moved)
            }
        };
        let needs = on(needs, Some(mark))?;
        Ok((Use { needs, ..wanted }, moved))
    }

    /// Which node has the stores of what stands. Of what has none now, an earlier generation may have left some: the last that
    /// had any says where.
    async fn bound(&self, standing: &Standing) -> Result<Option<Bound>, DeployError> {
        let bound = |its: &Standing| Bound::by(&its.wanted().needs.labels);
        if let Some(bound) = bound(standing) {
            return Ok(Some(bound));
        }
        let name = standing.wanted().name.as_str();
        let history = self.history(name).await?;
        let earlier = history.iter().map(|its| its.generation);
        let earlier = earlier.filter(|its| *its < standing.generation()).rev();
        for generation in earlier.take(HISTORY_MAX) {
            let stood = self.stood(name, Some(generation)).await?;
            let its = stood.filter(|its| its.workload() == standing.workload());
            if let Some(bound) = its.as_ref().and_then(bound) {
                return Ok(Some(bound));
            }
        }
        Ok(None)
    }

    /// Of the nodes that promise enough, the one of which most is left as far as that can be seen.
    async fn choose(&self, needs: &Needs) -> Result<NodeShown, DeployError> {
        let until = Instant::now() + HEARS_WITHIN;
        loop {
            let nodes = self.nodes().await?;
            let why_not = nodes.iter().filter_map(|node| {
                let why = why_not(node, needs)?;
                Some((node.name.clone(), why))
            });
            let why_not = Vec::from_iter(why_not);
            if why_not.len() < nodes.len() {
                let workloads = self.workloads().await?;
                if let Some(best) = best(nodes, needs, &workloads) {
                    return Ok(best);
                }
            }
            if Instant::now() > until {
                return Err(StoreError::Nowhere { why: why_not }.into());
            }
            tokio::time::sleep(LOOKS_EVERY).await;
        }
    }
}

/// Of the nodes that promise enough, the one of which most is left; of such as are alike the first by name.
fn best(nodes: Vec<NodeShown>, needs: &Needs, workloads: &[WorkloadShown]) -> Option<NodeShown> {
    let taken = taken(workloads);
    let share = |node: &NodeShown| share_left(node, taken.get(node.id.as_str()));
    let fit = nodes
        .into_iter()
        .filter(|its| why_not(its, needs).is_none());
    fit.max_by(|one, other| {
        let by_share = share(one).total_cmp(&share(other));
        by_share.then_with(|| other.name.cmp(&one.name))
    })
}

/// Whether another node is required by its name than the one that has the store. Of one that is not seen any more somebody who
/// names a node means another, unless they have named it so before.
fn names_another(bound: &Bound, has_it: Option<&NodeShown>, required: &Labels) -> bool {
    name(required).is_some_and(|name| match has_it {
        Some(node) => node.name != name.as_str(),
        None => bound.name.as_ref() != Some(name),
    })
}

/// Nothing else is required than the node that has the store is: by that alone nobody loses what is stored. Of one that has said
/// nothing of itself that cannot be told.
fn stays(has_it: Option<&NodeShown>, required: &Labels) -> Result<(), StoreError> {
    let heard = has_it.filter(|its| its.memory_bytes > 0);
    let lacks = heard.and_then(|node| Some((node, lacking(node, required)?)));
    lacks.map_or(Ok(()), |(node, why)| {
        Err(StoreError::Elsewhere {
            node: node.name.clone(),
            why,
        })
    })
}

/// How much of each node what is hosted takes: cores, and bytes of memory.
fn taken(workloads: &[WorkloadShown]) -> BTreeMap<&str, (f64, u64)> {
    let mut taken = BTreeMap::<&str, (f64, u64)>::new();
    for workload in workloads {
        for hosting in &workload.hostings {
            let its = taken.entry(&hosting.node_id).or_default();
            its.0 += workload.cpu_cores;
            its.1 += workload.memory_bytes;
        }
    }
    taken
}

/// Which share of what a node promises is left, of whichever is scarcer.
fn share_left(node: &NodeShown, taken: Option<&(f64, u64)>) -> f64 {
    let (cores, bytes) = taken.copied().unwrap_or_default();
    let cores = 1.0 - cores / node.cpu_cores.max(f64::MIN_POSITIVE);
    let bytes = 1.0 - bytes as f64 / node.memory_bytes.max(1) as f64;
    cores.min(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::deploying::{Deployment, Kind};
    use super::*;

    fn node(name: &str, labels: &[&str]) -> NodeShown {
        NodeShown {
            name: name.into(),
            id: name.repeat(32),
            state: "up".into(),
            cpu_cores: 2.0,
            memory_bytes: 1 << 30,
            labels: labels.iter().map(ToString::to_string).collect(),
            ..NodeShown::default()
        }
    }

    fn required(labels: &[(&str, &str)]) -> Labels {
        let labels = labels.iter().map(|(key, value)| {
            let key = key.parse().expect("it is a key");
            (key, value.parse().expect("it is a value"))
        });
        Labels::new(labels).expect("they are few")
    }

    fn bound(labels: &[(&str, &str)]) -> Bound {
        let mark = store_node::mark(&gary_promise::AgentId::from_bytes([1; 32]));
        let labels = [labels, &[(store_node::LABEL, &mark)]].concat();
        Bound::by(&required(&labels)).expect("it is bound")
    }

    #[test]
    fn only_who_names_another_node_moves_a_store() {
        let n1 = node("n1", &["zone=attic"]);
        let bound = bound(&[]);
        let names_another = |has_it: Option<&NodeShown>, required: &Labels| {
            super::names_another(&bound, has_it, required)
        };
        for stays_there in [&[][..], &[("name", "n1")], &[("zone", "attic")]] {
            let required = required(stays_there);
            assert!(!names_another(Some(&n1), &required));
            assert_eq!(stays(Some(&n1), &required), Ok(()));
        }
        assert!(names_another(Some(&n1), &required(&[("name", "n2")])));
        let cellar = required(&[("zone", "cellar")]);
        assert!(!names_another(Some(&n1), &cellar));
        let refused = stays(Some(&n1), &cellar).expect_err("it is in the attic");
        let why = "it has its store on n1: it is not labelled zone=cellar";
        assert_eq!(refused.to_string(), why);
        // Of what is not known no more is concluded than has to be.
        assert!(names_another(None, &required(&[("name", "n2")])));
        assert_eq!(stays(None, &cellar), Ok(()));
        let silent = NodeShown {
            memory_bytes: 0,
            ..node("n1", &[])
        };
        assert_eq!(stays(Some(&silent), &cellar), Ok(()));
    }

    #[test]
    fn a_node_that_is_not_seen_any_more_has_the_name_that_it_was_required_by() {
        let bound = bound(&[("name", "n1")]);
        assert!(!names_another(&bound, None, &required(&[("name", "n1")])));
        assert!(!names_another(&bound, None, &required(&[])));
        assert!(names_another(&bound, None, &required(&[("name", "n2")])));
        // Of one that is seen its own name counts.
        let renamed = node("n2", &[]);
        let n1 = required(&[("name", "n1")]);
        assert!(names_another(&bound, Some(&renamed), &n1));
    }

    #[test]
    fn the_node_with_most_left_is_chosen() {
        let hosted = WorkloadShown {
            cpu_cores: 0.5,
            memory_bytes: 64 << 20,
            hostings: vec![crate::api::HostingShown {
                node_id: node("n1", &[]).id,
                ..Default::default()
            }],
            ..WorkloadShown::default()
        };
        let needs = wanted(1, None, Kind::Service { exclusive: false }).needs;
        let best = |nodes: &[NodeShown], workloads: &[WorkloadShown]| {
            best(nodes.to_vec(), &needs, workloads).map(|its| its.name)
        };
        let nodes = [node("n1", &[]), node("n2", &[])];
        assert_eq!(best(&nodes, &[]).as_deref(), Some("n1"));
        assert_eq!(best(&nodes, &[hosted]).as_deref(), Some("n2"));
        // Who takes nothing on is none.
        let drained = nodes.map(|node| NodeShown {
            state: "drained".into(),
            ..node
        });
        assert_eq!(best(&drained, &[]), None);
    }

    #[test]
    fn what_has_stores_goes_before_the_next_comes() {
        for (surge, unavailable, paces) in [(1, 0, 1), (3, 2, 2), (0, 1, 1)] {
            let pace = Pace::new(surge, unavailable).expect("one is not zero");
            let pace = paced(pace).expect("one is not zero");
            assert_eq!((pace.max_surge(), pace.max_unavailable()), (0, paces));
        }
    }

    fn deployment(replicas: u32, stores: Option<StoresOf>, kind: Kind) -> Deployment {
        Deployment {
            name: "web".into(),
            component: Vec::new(),
            digest: [0; 32],
            replicas,
            cpu_cores_micro: 1,
            memory_bytes: 1 << 16,
            kind,
            hosts: Vec::new(),
            labels: Vec::new(),
            spread: Vec::new(),
            max_surge: 1,
            max_unavailable: 0,
            interfaces: Vec::new(),
            spec: RunSpec {
                stores,
                ..RunSpec::default()
            },
        }
    }

    fn wanted(replicas: u32, stores: Option<StoresOf>, kind: Kind) -> Use {
        let component = gary_promise::ComponentDigest::from_bytes([0; 32]);
        let wanted = deployment(replicas, stores, kind).wanted(component);
        wanted.expect("it is an intent")
    }

    #[test]
    fn nobody_requires_by_themselves_what_binds_a_store() {
        let mark = store_node::mark(&gary_promise::AgentId::from_bytes([1; 32]));
        let deployment = Deployment {
            labels: vec![(store_node::LABEL.to_owned(), mark)],
            ..deployment(1, None, Kind::Service { exclusive: false })
        };
        let component = gary_promise::ComponentDigest::from_bytes([0; 32]);
        let refused = deployment.wanted(component);
        let why = "the label gary/node says which node has a store, and only Gary requires it";
        assert_eq!(refused.expect_err("it is refused").to_string(), why);
    }

    #[test]
    fn one_store_is_of_one_replica_and_a_run_has_none_for_each() {
        let service = Kind::Service { exclusive: false };
        let job = Kind::Job { retries: 0 };
        let (own, each) = (Some(StoresOf::Workload), Some(StoresOf::Replica));
        for fine in [
            wanted(3, None, service),
            wanted(1, own, service),
            wanted(1, own, job),
            wanted(3, each, service),
        ] {
            assert_eq!(check(&fine), Ok(()));
        }
        let shared = check(&wanted(3, own, service));
        assert_eq!(shared, Err(StoreError::Shared { replicas: 3 }));
        assert_eq!(check(&wanted(1, each, job)), Err(StoreError::OfRun));
    }
}

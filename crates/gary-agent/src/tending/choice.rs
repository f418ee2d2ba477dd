//! Whose offer is counted: the one that spreads the workload best.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use gary_promise::{AgentId, Axis, Bid, LabelKey, LabelValue, Spread};

use crate::candidates::Candidates;
use crate::trust::Trust;

/// The label that every spread ends with, before the node: machines of one zone fail together.
const ZONE: &str = "zone";

/// How many hostings of a workload there are at each place, so that the next goes where the fewest are.
#[derive(Debug)]
pub(super) struct Occupancy {
    axes: Vec<Axis>,
    by_value: Vec<BTreeMap<LabelValue, u32>>,
    by_node: BTreeMap<AgentId, u32>,
}

impl Occupancy {
    /// Of no hostings yet, over the axes that the intent names, then zone, then node.
    pub(super) fn new(spread: &Spread) -> Self {
        let mut axes = spread.axes().to_vec();
        let zone: LabelKey = ZONE.parse().expect("it is a label's key");
        for axis in [Axis::Label(zone), Axis::Node] {
            if !axes.contains(&axis) {
                axes.push(axis);
            }
        }
        Self {
            by_value: vec![BTreeMap::new(); axes.len()],
            axes,
            by_node: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, agent: AgentId, candidates: &Candidates) {
        *self.by_node.entry(agent).or_default() += 1;
        let Some(capacity) = candidates.capacity(&agent) else {
            return;
        };
        for (axis, counts) in self.axes.iter().zip(&mut self.by_value) {
            if let Axis::Label(key) = axis
                && let Some(value) = capacity.labels.get(key)
            {
                *counts.entry(value.clone()).or_default() += 1;
            }
        }
    }

    /// How crowded it is where the agent is, the most important axis first. A machine without the label
    /// is in a place of its own, which nobody shares.
    pub(super) fn around(&self, agent: &AgentId, candidates: &Candidates) -> Vec<u32> {
        let capacity = candidates.capacity(agent);
        let counts = self.axes.iter().zip(&self.by_value);
        counts
            .map(|(axis, counts)| match axis {
                Axis::Node => self.by_node.get(agent).copied().unwrap_or_default(),
                Axis::Label(key) => {
                    let value = capacity.and_then(|its| its.labels.get(key));
                    value
                        .and_then(|value| counts.get(value))
                        .copied()
                        .unwrap_or_default()
                }
            })
            .collect()
    }
}

/// The order of preference among offers, the best first: spread, then the bid as far as it is trusted.
pub(super) fn preference(
    agent: &AgentId,
    bid: Bid,
    occupancy: &Occupancy,
    candidates: &Candidates,
    trust: &Trust,
) -> impl Ord + use<> {
    let trusted = u64::from(bid.0) * u64::from(trust.expected(agent));
    (
        occupancy.around(agent, candidates),
        Reverse(trusted),
        *agent,
    )
}

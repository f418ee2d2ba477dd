//! Whose offer is counted: the one that spreads the workload best.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use gary_promise::{AgentId, Axis, Bid, LabelKey, LabelValue, Spread};

use crate::candidates::{Candidates, ZONE};
use crate::trust::Trust;

/// How many hostings of a workload there are at each place, so that the next goes where the fewest are.
#[derive(Debug)]
pub(super) struct Occupancy {
    axes: Vec<Axis>,
    by_value: Vec<BTreeMap<LabelValue, u32>>,
    by_node: BTreeMap<AgentId, u32>,
}

impl Occupancy {
    /// Of no hostings yet, over the axes that the intent names, then zone, as machines of one fail together, then node.
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

/// The order of preference among offers, the best first: spread, then whoever has offered for the fewest of
/// the slots that are yet to be filled, so that those who have no other are not left over, then the bid as far
/// as it is trusted.
pub(super) fn preference(
    agent: &AgentId,
    bid: Bid,
    offers_elsewhere: u32,
    occupancy: &Occupancy,
    candidates: &Candidates,
    trust: &Trust,
) -> impl Ord + use<> {
    let trusted = u64::from(bid.0) * u64::from(trust.expected(agent));
    (
        occupancy.around(agent, candidates),
        offers_elsewhere,
        Reverse(trusted),
        *agent,
    )
}

#[cfg(test)]
mod tests {
    use gary_promise::{Architecture, Capacity, Interfaces, Labels, Resources};

    use super::*;

    fn agent(number: u8) -> AgentId {
        AgentId::from_bytes([number; 32])
    }

    /// Four machines: two zones, and two racks across them.
    fn candidates() -> Candidates {
        let mut candidates = Candidates::default();
        for (number, zone, rack) in [(1, "a", "x"), (2, "a", "y"), (3, "b", "x"), (4, "b", "y")] {
            let label = |key: &str, value: &str| {
                let key: LabelKey = key.parse().expect("a key");
                let value: LabelValue = value.parse().expect("a value");
                (key, value)
            };
            let labels = Labels::new([label("zone", zone), label("rack", rack)]);
            let architecture: Architecture = "x86_64".parse().expect("an architecture");
            let capacity = Capacity {
                resources: Resources::new(1000, 1000).expect("not absurd"),
                labels: labels.expect("two"),
                architecture,
                interfaces: Interfaces::default(),
            };
            candidates.set_capacity(agent(number), Some(capacity.into()));
        }
        candidates
    }

    /// Puts hostings one after the other where each is preferred, all bids alike.
    fn placed(spread: &Spread, count: usize) -> Vec<u8> {
        let (candidates, trust) = (candidates(), Trust::default());
        let mut occupancy = Occupancy::new(spread);
        let mut placed = Vec::new();
        for _ in 0..count {
            let best = (1..=4).min_by_key(|number| {
                preference(&agent(*number), Bid(1), 0, &occupancy, &candidates, &trust)
            });
            let best = best.expect("there are four");
            occupancy.add(agent(best), &candidates);
            placed.push(best);
        }
        placed
    }

    #[test]
    fn spreads_over_zones_and_then_over_nodes() {
        let mut placed = placed(&Spread::default(), 4);
        let zones: Vec<bool> = placed.iter().map(|number| *number <= 2).collect();
        assert!(zones[0] != zones[1] && zones[2] != zones[3], "{placed:?}");
        placed.sort_unstable();
        assert_eq!(placed, [1, 2, 3, 4]);
    }

    #[test]
    fn what_the_intent_names_comes_first() {
        let rack = Axis::Label("rack".parse().expect("a key"));
        let placed = placed(&Spread::new([rack]).expect("one axis"), 2);
        assert_eq!(placed, [1, 4], "another rack, and another zone as well");
    }

    #[test]
    fn of_places_that_are_alike_the_greater_bid_wins_as_far_as_it_is_trusted() {
        let candidates = candidates();
        let mut trust = Trust::default();
        let occupancy = Occupancy::new(&Spread::default());
        let order = |trust: &Trust| {
            let bids = [(agent(1), Bid(500)), (agent(2), Bid(600))];
            let best = bids.into_iter().min_by_key(|(agent, bid)| {
                preference(agent, *bid, 0, &occupancy, &candidates, trust)
            });
            best.expect("there are two").0
        };
        assert_eq!(order(&trust), agent(2));
        for _ in 0..10 {
            trust.broken(agent(2));
        }
        assert_eq!(order(&trust), agent(1));
    }
}

//! From a deploy until all of it is bound, and runs.

use std::time::Duration;

use rand::RngExt;

use super::costs::Costs;
use super::fleet::Fleet;
use super::forming::Person;
use crate::membership::Distribution;

/// How long a deploy may take before it counts as missed.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a cluster that has just formed is left alone.
const SETTLES_FOR: Duration = Duration::from_secs(3);

/// How long deploys took.
#[derive(Debug, Clone, Default)]
pub struct Deploys {
    /// Until every replica was bound: its host had both halves, and was told to run it.
    pub bound: Distribution,
    /// Until every replica ran.
    pub running: Distribution,
    /// Deploys of which not everything ran after two minutes. They are in neither distribution.
    pub missed: usize,
}

/// Deploys `replicas` on an idle cluster of `agents`, so many `times`, each time by way of another node.
pub fn deploys(agents: usize, replicas: usize, times: usize, seed: u64, costs: &Costs) -> Deploys {
    // A cluster holds a few large deploys at a time.
    let room = agents * 200 / replicas;
    let per_cluster = room.clamp(1, times);
    let (mut bound, mut running, mut missed) = (Vec::new(), Vec::new(), 0);
    let mut left = times;
    for round in 0.. {
        if left == 0 {
            break;
        }
        let mut fleet = Fleet::whole(agents, seed + round, costs.clone());
        let mut person = Person::new();
        fleet.run(SETTLES_FOR);
        for _ in 0..per_cluster.min(left) {
            left -= 1;
            let at = fleet.random.random_range(0..agents);
            let wait_us = fleet.random.random_range(0..500_000);
            fleet.deploy(Duration::from_micros(wait_us), at, &mut person, replicas);
            let end = fleet.now().after(PATIENCE);
            let runs = |its: &Fleet| {
                its.board
                    .all()
                    .filter(|its| its.running_at.is_some())
                    .count()
            };
            let before = runs(&fleet);
            if !fleet.run_until(end, |its| runs(its) > before) {
                missed += 1;
            }
        }
        for its in fleet.board.all() {
            if let (Some(bound_at), Some(running_at)) = (its.bound_at, its.running_at) {
                bound.push(bound_at.since(its.deployed_at));
                running.push(running_at.since(its.deployed_at));
            }
        }
    }
    Deploys {
        bound: bound.into_iter().collect(),
        running: running.into_iter().collect(),
        missed,
    }
}

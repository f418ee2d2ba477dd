//! From an update until all of it runs at the later generation.

use std::time::Duration;

use gary_promise::Pace;

use super::costs::Costs;
use super::fleet::Fleet;
use super::forming::Person;
use super::traffic::Traffic;

/// How long a cluster that has just formed is left alone, and what was just deployed.
const SETTLES_FOR: Duration = Duration::from_secs(15);

/// How often it is looked what runs.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// What is updated.
#[derive(Debug, Clone, Copy)]
pub struct UpdateShape {
    /// On how many machines.
    pub agents: usize,
    /// How many replicas.
    pub replicas: usize,
    /// At which pace.
    pub pace: Pace,
    /// For how much virtual time at most.
    pub patience: Duration,
}

/// How an update went.
#[derive(Debug, Clone)]
pub struct Updated {
    /// Until all replicas ran at the later generation; `None` where not all did.
    pub after: Option<Duration>,
    /// The fewest slots of which something ran, of either generation, whenever it was looked.
    pub fewest: usize,
    /// The most hostings that ran, of both generations together.
    pub most: usize,
    /// What was sent meanwhile.
    pub traffic: Traffic,
    /// How often a disk synced.
    pub syncs: u64,
}

/// Deploys some replicas, and has the next generation take their place.
pub fn update(shape: UpdateShape, seed: u64, costs: &Costs) -> Updated {
    let mut fleet = Fleet::whole(shape.agents, seed, costs.clone());
    let mut person = Person::new();
    fleet.run(SETTLES_FOR);
    let mut deployed = fleet.deploy(Duration::ZERO, 0, &mut person, shape.replicas);
    fleet.run(SETTLES_FOR);
    let earlier = deployed.generation();
    person.updates(&mut deployed, shape.pace);
    let later = deployed.generation();
    let (begun, before, syncs) = (fleet.now(), *fleet.traffic(), fleet.syncs);
    let (mut fewest, mut most) = (fleet.board.running_count(), 0);
    fleet.submit(Duration::ZERO, 0, &deployed);
    let end = begun.after(shape.patience);
    let mut updated = 0;
    while fleet.now() < end && updated < shape.replicas {
        fleet.run(LOOKS_EVERY);
        updated = fleet.running_at(&deployed.workload, later);
        fewest = fewest.min(fleet.board.running_count());
        most = most.max(updated + fleet.running_at(&deployed.workload, earlier));
    }
    Updated {
        after: (updated >= shape.replicas).then(|| fleet.now().since(begun)),
        fewest,
        most,
        traffic: fleet.traffic().since(&before),
        syncs: fleet.syncs - syncs,
    }
}

//! From a keeper's death until another keeps what it kept.

use std::time::Duration;

use rand::RngExt;

use super::costs::Costs;
use super::fleet::Fleet;
use super::forming::Person;
use crate::membership::Distribution;

/// How long a cluster that has just formed is left alone, and what was just deployed.
const SETTLES_FOR: Duration = Duration::from_secs(15);

/// How many replicas are deployed.
const REPLICAS: usize = 3;

/// How often it is looked who keeps it.
const LOOKS_EVERY: Duration = Duration::from_millis(10);

/// How long a keeper may be missed before that counts as never.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long keepers were missed.
#[derive(Debug, Clone, Default)]
pub struct Successions {
    /// For each death, until as many keep the workload as before.
    pub replaced: Distribution,
    /// Deaths after which they were fewer for three minutes.
    pub missed: usize,
}

/// Has one keeper after the other of a cluster of `agents` lose power for good, so many `times`, each of another workload.
pub fn successions(agents: usize, times: usize, seed: u64, costs: &Costs) -> Successions {
    let (mut replaced, mut missed) = (Vec::new(), 0);
    let mut fleet = Fleet::whole(agents, seed, costs.clone());
    let mut person = Person::new();
    for _ in 0..times {
        fleet.run(SETTLES_FOR);
        let up: Vec<usize> = fleet.up().collect();
        let at = up[fleet.random.random_range(0..up.len())];
        let deployed = fleet.deploy(Duration::ZERO, at, &mut person, REPLICAS);
        fleet.run(SETTLES_FOR);
        let keepers = fleet.keepers(&deployed.workload);
        let Some(dies) = keepers.first() else {
            missed += 1;
            continue;
        };
        let died_at = fleet.now();
        fleet.crash(*dies);
        let end = died_at.after(PATIENCE);
        let is_missed = |fleet: &Fleet| fleet.keepers(&deployed.workload).len() < keepers.len();
        while fleet.now() < end && is_missed(&fleet) {
            fleet.run(LOOKS_EVERY);
        }
        match is_missed(&fleet) {
            true => missed += 1,
            false => replaced.push(fleet.now().since(died_at)),
        }
    }
    Successions {
        replaced: replaced.into_iter().collect(),
        missed,
    }
}

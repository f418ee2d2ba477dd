//! From a host's death until its slots are bound elsewhere.

use std::time::Duration;

use rand::RngExt;

use super::costs::Costs;
use super::fleet::Fleet;
use super::forming::Person;
use crate::membership::Distribution;

/// How many agents keep workloads. They stay: who takes over from a keeper is custody's matter.
const KEEPERS: usize = 10;
/// How many workloads each of them keeps.
const WORKLOADS: usize = 10;
/// How many replicas each has.
const REPLICAS: usize = 5;

/// How long slots may be without a host before they count as missed.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a cluster is left alone before the next dies: between 8 and 12 s.
const CALM_MS: std::ops::Range<u64> = 8_000..12_000;

/// How long it was until what the dead had hosted was hosted again.
#[derive(Debug, Clone, Default)]
pub struct Deaths {
    /// How many hosts died.
    pub deaths: usize,
    /// For each slot, until it was bound elsewhere.
    pub bound: Distribution,
    /// For each slot, until it ran elsewhere.
    pub running: Distribution,
    /// For each death, until all of its slots were bound elsewhere.
    pub last: Distribution,
    /// Slots that were not bound again after a minute.
    pub missed: usize,
}

/// Lets one host after the other of a cluster of `agents` lose power, and come back when its slots are bound.
pub fn deaths(agents: usize, deaths: usize, seed: u64, costs: &Costs) -> Deaths {
    let mut fleet = Fleet::whole(agents, seed, costs.clone());
    fleet.remembers = true;
    let mut person = Person::new();
    let keepers = KEEPERS.min(agents / 2).max(1);
    for keeper in 0..keepers {
        for _ in 0..WORKLOADS {
            let wait_ms = fleet.random.random_range(0..3_000);
            fleet.deploy(
                Duration::from_millis(wait_ms),
                keeper,
                &mut person,
                REPLICAS,
            );
        }
    }
    fleet.run(Duration::from_secs(10));
    let (mut last, mut missed, mut died) = (Vec::new(), 0, 0);
    while died < deaths {
        let calm_ms = fleet.random.random_range(CALM_MS);
        fleet.run(Duration::from_millis(calm_ms));
        let number = fleet.random.random_range(keepers..agents);
        if fleet.machines[number].hosting.is_empty() {
            continue;
        }
        died += 1;
        let died_at = fleet.now();
        fleet.crash(number);
        let end = died_at.after(PATIENCE);
        if fleet.run_until(end, |its| its.board.unbound_count() == 0) {
            last.push(fleet.now().since(died_at));
        } else {
            missed += fleet.board.unbound_count();
        }
        fleet.restart(number);
    }
    Deaths {
        deaths: died,
        bound: fleet.board.bound_again.iter().copied().collect(),
        running: fleet.board.run_again.iter().copied().collect(),
        last: last.into_iter().collect(),
        missed,
    }
}

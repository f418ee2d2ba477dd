//! What it takes to have something kept: from a deploy or an update until its owner is told that it is committed.

use std::time::Duration;

use gary_promise::{Pace, PromiseId, Verdict};
use rand::RngExt;

use super::costs::Costs;
use super::fleet::Fleet;
use super::forming::Person;
use super::traffic::Traffic;
use crate::membership::Distribution;

/// How many replicas are deployed each time.
const REPLICAS: usize = 1;

/// How long a cluster that has just formed is left alone, so that everybody is acquainted.
const SETTLES_FOR: Duration = Duration::from_secs(15);

/// For how long what follows is counted: that it runs, and all that is said of that.
const COUNTED_FOR: Duration = Duration::from_secs(8);

/// What deploys take, and updates.
#[derive(Debug, Clone, Default)]
pub struct Commits {
    /// Of a workload that there was not before.
    pub deploys: Committed,
    /// Of the next generation of one.
    pub updates: Committed,
}

/// What it took to have some intents kept.
#[derive(Debug, Clone, Default)]
pub struct Committed {
    /// For each, until its owner was told that a majority of its keepers has it on disk.
    pub told: Distribution,
    /// Those of which nobody said so.
    pub missed: usize,
    /// All that was sent for them.
    pub traffic: Traffic,
    /// How often a disk has synced for them.
    pub syncs: u64,
}

/// Deploys one replica on an idle cluster of `agents`, and updates it, so many `times`, each by way of a node at random.
pub fn commits(agents: usize, times: usize, seed: u64, costs: &Costs) -> Commits {
    let mut fleet = Fleet::whole(agents, seed, costs.clone());
    let mut person = Person::new();
    fleet.run(SETTLES_FOR);
    let (mut deploys, mut updates) = (Counting::default(), Counting::default());
    for _ in 0..times {
        let at = fleet.random.random_range(0..agents);
        let mut deployed = deploys.count(&mut fleet, |fleet| {
            let deployed = fleet.deploy(Duration::ZERO, at, &mut person, REPLICAS);
            (deployed.intent.id(), deployed)
        });
        person.updates(&mut deployed, Pace::default());
        let at = fleet.random.random_range(0..agents);
        updates.count(&mut fleet, |fleet| {
            fleet.submit(Duration::ZERO, at, &deployed);
            (deployed.intent.id(), ())
        });
    }
    Commits {
        deploys: deploys.committed(),
        updates: updates.committed(),
    }
}

/// What is counted of one kind.
#[derive(Default)]
struct Counting {
    told: Vec<Duration>,
    missed: usize,
    traffic: Traffic,
    syncs: u64,
}

impl Counting {
    /// Counts all that is sent and written for a while, and when the owner of what is submitted is told.
    fn count<T>(
        &mut self,
        fleet: &mut Fleet,
        submit: impl FnOnce(&mut Fleet) -> (PromiseId, T),
    ) -> T {
        let (begun, before, syncs) = (fleet.now(), *fleet.traffic(), fleet.syncs);
        let (intent, submitted) = submit(fleet);
        fleet.run(COUNTED_FOR);
        self.traffic = self.traffic.plus(&fleet.traffic().since(&before));
        self.syncs += fleet.syncs - syncs;
        match fleet.settled.get(&intent) {
            Some((at, Verdict::Committed(_))) => self.told.push(at.since(begun)),
            _ => self.missed += 1,
        }
        submitted
    }

    fn committed(self) -> Committed {
        Committed {
            told: self.told.into_iter().collect(),
            missed: self.missed,
            traffic: self.traffic,
            syncs: self.syncs,
        }
    }
}

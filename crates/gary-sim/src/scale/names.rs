//! Many names in custody.

use std::time::Duration;

use gary_promise::Verdict;

use super::costs::Costs;
use super::fleet::Fleet;
use super::forming::Person;
use super::traffic::Traffic;

/// How long a cluster that has just formed is left alone, so that everybody is acquainted.
const SETTLES_FOR: Duration = Duration::from_secs(15);

/// How far apart deploys are.
const DEPLOYS_EVERY: Duration = Duration::from_millis(5);

/// How long the last may take, and what is said of it.
const WAITS_FOR: Duration = Duration::from_secs(30);

/// What many names in custody take.
#[derive(Debug, Clone)]
pub struct Names {
    /// How many were committed.
    pub committed: usize,
    /// How many of their workloads ran in the end.
    pub running: usize,
    /// What was sent while nothing happened.
    pub idle: Traffic,
    /// How often a disk synced meanwhile.
    pub idle_syncs: u64,
}

/// Deploys one replica under each of so many `names` on a cluster of `agents`, one after the other, each by way of the next
/// node, and lets all be for `span`. `looks` is called before the first deploy, and when all are kept.
pub fn names(
    (agents, names): (usize, usize),
    span: Duration,
    seed: u64,
    costs: &Costs,
    mut looks: impl FnMut(),
) -> Names {
    let mut fleet = Fleet::whole(agents, seed, costs.clone());
    let mut person = Person::new();
    fleet.run(SETTLES_FOR);
    looks();
    for number in 0..names {
        fleet.deploy(Duration::ZERO, number % agents, &mut person, 1);
        fleet.run(DEPLOYS_EVERY);
    }
    fleet.run(WAITS_FOR);
    looks();
    let (before, syncs) = (*fleet.traffic(), fleet.syncs);
    fleet.run(span);
    let verdicts = fleet.settled.values();
    let committed = verdicts.filter(|(_, its)| matches!(its, Verdict::Committed(_)));
    Names {
        committed: committed.count(),
        running: fleet.board.running_count(),
        idle: fleet.traffic().since(&before),
        idle_syncs: fleet.syncs - syncs,
    }
}

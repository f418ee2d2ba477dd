//! A million replicas.

use std::time::Duration;

use super::costs::Costs;
use super::fleet::Fleet;
use super::forming::Person;
use super::traffic::Traffic;

/// How often it is looked whether everything is bound.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// How much is deployed.
#[derive(Debug, Clone, Copy)]
pub struct MillionShape {
    /// On how many machines.
    pub agents: usize,
    /// How many workloads, each with a keeper of its own.
    pub workloads: usize,
    /// How many replicas of each.
    pub replicas: usize,
    /// For how much virtual time at most.
    pub patience: Duration,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Million {
    /// How many slots were bound in the end.
    pub bound: usize,
    /// How many ran.
    pub running: usize,
    /// Until all were bound; `None` where not all were.
    pub bound_after: Option<Duration>,
    /// Until all ran.
    pub running_after: Option<Duration>,
    /// How often an agent has taken something in.
    pub handled: u64,
    /// What was sent.
    pub traffic: Traffic,
}

/// Deploys everything at once, and waits until it runs. `hears` is told now and then after how long how many
/// are bound, and how many run.
pub fn million(
    shape: MillionShape,
    seed: u64,
    costs: &Costs,
    mut hears: impl FnMut(Duration, usize, usize),
) -> Million {
    let mut fleet = Fleet::dealings(shape.agents, shape.workloads, seed, costs.clone());
    let mut person = Person::new();
    for keeper in 0..shape.workloads {
        fleet.deploy(Duration::ZERO, keeper, &mut person, shape.replicas);
    }
    let begun = fleet.now();
    let end = begun.after(shape.patience);
    let wanted = shape.workloads * shape.replicas;
    while fleet.now() < end && fleet.board.running_count() < wanted {
        fleet.run(LOOKS_EVERY);
        let board = &fleet.board;
        hears(
            fleet.now().since(begun),
            board.bound_count(),
            board.running_count(),
        );
    }
    let last = |at: fn(&super::progress::Progress) -> Option<gary_promise::Time>| {
        let times: Option<Vec<_>> = fleet.board.all().map(at).collect();
        let times = times.filter(|its| its.len() == shape.workloads)?;
        times.into_iter().max().map(|at| at.since(begun))
    };
    Million {
        bound: fleet.board.bound_count(),
        running: fleet.board.running_count(),
        bound_after: last(|its| its.bound_at),
        running_after: last(|its| its.running_at),
        handled: fleet.handled(),
        traffic: *fleet.traffic(),
    }
}

//! How long the machine that simulates takes to handle what agents say.

use std::time::Duration;

use super::costs::{Costs, Handling};
use super::fleet::Fleet;
use super::forming::Person;
use super::timings::{Stopwatch, Timings};
use rand::RngExt;

/// A cluster of whole agents of which handling is measured.
#[derive(Debug, Clone, Copy)]
pub struct WholeShape {
    /// How many agents.
    pub agents: usize,
    /// For how long.
    pub span: Duration,
}

/// Dealings of which handling is measured.
#[derive(Debug, Clone, Copy)]
pub struct DealingsShape {
    /// How many agents.
    pub agents: usize,
    /// How many workloads are deployed, each with a keeper of its own.
    pub workloads: usize,
    /// How many replicas each has.
    pub replicas: usize,
}

/// Measures whole agents among which somebody deploys and machines die. Every signature is checked.
pub fn handling_of_whole(shape: WholeShape, seed: u64, stopwatch: Box<dyn Stopwatch>) -> Timings {
    let mut fleet = Fleet::whole(shape.agents, seed, Costs::usual(Handling::default()));
    fleet.remembers = true;
    fleet.measure(stopwatch);
    let mut person = Person::new();
    let steps = shape.span.as_secs().max(1);
    for step in 0..steps {
        fleet.deploy(Duration::ZERO, 0, &mut person, shape.agents.min(20));
        let number = fleet.random.random_range(1..shape.agents);
        match step % 10 {
            2 => {
                fleet.crash(number);
                fleet.run(Duration::from_millis(500));
                fleet.restart(number);
                fleet.run(Duration::from_millis(500));
            }
            _ => fleet.run(Duration::from_secs(1)),
        }
    }
    fleet.into_timings()
}

/// Measures dealings alone, in the shape that most of what is said has where much is deployed.
pub fn handling_of_dealings(
    shape: DealingsShape,
    seed: u64,
    stopwatch: Box<dyn Stopwatch>,
) -> Timings {
    let costs = Costs::usual(Handling::default());
    let mut fleet = Fleet::dealings(shape.agents, shape.workloads, seed, costs);
    fleet.measure(stopwatch);
    let mut person = Person::new();
    for keeper in 0..shape.workloads {
        fleet.deploy(Duration::ZERO, keeper, &mut person, shape.replicas);
    }
    fleet.run(Duration::from_secs(10));
    fleet.into_timings()
}

//! Runs worlds, many of them, and tells what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::adapter::Adapter;
use crate::plan::Plan;
use crate::property::{Property, Violation};
use crate::transcript::Transcript;
use crate::watch::Watch;
use crate::world::{Act, NodeNo, World};

/// How long a world has to settle once faults cease: ten seconds, and the leases that still run.
pub const SETTLES_WITHIN: Duration = Duration::from_secs(10);

/// How long a world has to settle after messages of the past came again.
pub const SETTLES_AGAIN_WITHIN: Duration = Duration::from_secs(12);

/// How many messages of the past are heard again.
const REPLAYED: usize = 60;

/// What came of one seed.
#[derive(Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// How many nodes there were.
    pub nodes: usize,
    /// How much virtual time has passed.
    pub virtual_time: Duration,
    /// How many frames were said.
    pub frames: u64,
    /// How often the premise of each property was true.
    pub premises: BTreeMap<Property, u64>,
    /// What did not hold first.
    pub violation: Option<Violation>,
    /// Which properties did not hold at that moment.
    pub violated: Vec<Property>,
    /// What was said, where that was asked for.
    pub transcript: Option<String>,
}

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Report {
    /// How many seeds were run.
    pub runs: u64,
    /// How much virtual time passed in all.
    pub virtual_time: Duration,
    /// How many nodes there were in all.
    pub nodes: u64,
    /// How many frames were said.
    pub frames: u64,
    /// How often the premise of each property was true.
    pub premises: BTreeMap<Property, u64>,
    /// Every seed under which something did not hold, and what.
    pub failures: Vec<(u64, Violation)>,
}

impl Outcome {
    /// Properties whose premise was never true: they were not checked.
    pub fn unchecked(&self) -> impl Iterator<Item = Property> {
        unchecked(&self.premises)
    }
}

fn unchecked(premises: &BTreeMap<Property, u64>) -> impl Iterator<Item = Property> {
    let never = premises.iter().filter(|(_, count)| **count == 0);
    never.map(|(property, _)| *property)
}

impl Report {
    /// Properties whose premise was never true: they were not checked.
    pub fn unchecked(&self) -> impl Iterator<Item = Property> {
        unchecked(&self.premises)
    }

    /// Whether every property was checked, and held.
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.unchecked().next().is_none()
    }

    /// Takes in what came of one more seed.
    pub fn add(&mut self, outcome: Outcome) {
        self.runs += 1;
        self.virtual_time += outcome.virtual_time;
        self.nodes += outcome.nodes as u64;
        self.frames += outcome.frames;
        for (property, count) in outcome.premises {
            *self.premises.entry(property).or_default() += count;
        }
        if let Some(violation) = outcome.violation {
            self.failures.push((outcome.seed, violation));
        }
    }
}

/// Runs these seeds one after the other.
pub fn run(seeds: impl IntoIterator<Item = u64>) -> Report {
    let mut report = Report::default();
    for seed in seeds {
        report.add(run_seed(seed, None));
    }
    report
}

/// Runs one seed, and writes down what is said if there is something to write it on.
pub fn run_seed(seed: u64, transcript: Option<Transcript>) -> Outcome {
    run_plan(Plan::of(seed), transcript)
}

/// Runs one seed with something put wrong at each of its nodes.
pub fn run_with(
    seed: u64,
    wrong: impl Fn(NodeNo) -> Box<dyn Adapter>,
    transcript: Option<Transcript>,
) -> Outcome {
    let mut plan = Plan::of(seed);
    for (number, spec) in plan.spec.nodes.iter_mut().enumerate() {
        spec.adapter = Some(wrong(NodeNo(number)));
    }
    run_plan(plan, transcript)
}

/// The line that runs a seed again and writes down what is said.
pub fn replay_line(seed: u64) -> String {
    format!("cargo xtask sim --replay {seed}")
}

fn run_plan(plan: Plan, transcript: Option<Transcript>) -> Outcome {
    let seed = plan.spec.seed;
    let nodes = plan.spec.nodes.len();
    let mut world = World::new(plan.spec, Watch::new(transcript));
    for (after, act) in plan.acts {
        world.plan(after, act);
    }
    world.plan(plan.faulty_for, Act::Calm);
    world.run_for(plan.faulty_for + SETTLES_WITHIN);
    world.scan();
    world.plan(Duration::ZERO, Act::Replay { count: REPLAYED });
    world.run_for(SETTLES_AGAIN_WITHIN);
    world.scan();
    Outcome {
        seed,
        nodes,
        virtual_time: Duration::from_micros(world.now().as_us()),
        frames: world.frames(),
        premises: world.watch().premises(),
        violation: world.watch().violation().cloned(),
        violated: world
            .watch()
            .violations()
            .iter()
            .map(|its| its.property)
            .collect(),
        transcript: world.watch().transcript().map(ToString::to_string),
    }
}

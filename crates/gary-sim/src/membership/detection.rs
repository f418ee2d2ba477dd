//! How soon a dead agent is missed.

use std::{collections::BTreeSet, time::Duration};

use gary_agent::membership::{Event, Settings};

use super::{Distribution, Faults, Network};

/// How long a dead agent may go unnoticed before the trial counts as missed.
const PATIENCE: Duration = Duration::from_secs(60);

/// How soon dead agents were missed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detection {
    /// From an agent's death until the first other took it for down.
    pub first: Distribution,
    /// From its death until the last did.
    pub all: Distribution,
    /// Trials in which not all did within a minute. They are in neither distribution.
    pub missed: usize,
}

/// Lets one of `n` agents after the other die without a word, `trials` times, and come back.
pub fn detection(
    n: usize,
    trials: usize,
    seed: u64,
    settings: &Settings,
    faults: &Faults,
) -> Detection {
    let mut network = Network::formed(n, seed, settings, faults);
    let mut times = Vec::with_capacity(trials);
    for _ in 0..trials {
        let pause_us = 1_000_000 + network.draw(2_000_000);
        network.run(Duration::from_micros(pause_us));
        let dead = usize::try_from(network.draw(n as u64)).unwrap_or_default();
        times.push(death(&mut network, dead));
        network.restart(dead, &[(dead + 1) % n, (dead + 2) % n]);
        network.run_until(PATIENCE, Network::all_know_all);
    }
    let missed = times.iter().filter(|time| time.is_none()).count();
    Detection {
        first: times.iter().flatten().map(|(first, _)| *first).collect(),
        all: times.iter().flatten().map(|(_, all)| *all).collect(),
        missed,
    }
}

/// How long after its death the first and the last of the others took an agent for down.
fn death(network: &mut Network, dead: usize) -> Option<(Duration, Duration)> {
    network.observed();
    let id = network.agent(dead).me().agent;
    let died = network.now();
    network.crash(dead);
    let mut first = None;
    let mut missed_by = BTreeSet::new();
    while network.now().since(died) < PATIENCE {
        network.run(Duration::from_millis(100));
        for observed in network.observed() {
            match observed.event {
                Event::Down(member) if member.agent == id => {
                    first.get_or_insert(observed.at.since(died));
                    missed_by.insert(observed.by);
                }
                _ => continue,
            }
            if missed_by.len() + 1 == network.agents() {
                return Some((first?, observed.at.since(died)));
            }
        }
    }
    None
}

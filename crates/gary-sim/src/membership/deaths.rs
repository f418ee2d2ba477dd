//! How often a living agent is taken for dead.

use std::{collections::BTreeSet, time::Duration};

use gary_agent::membership::{Event, Settings};

use super::{Faults, Network};

/// How often living agents were taken for dead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FalseDeaths {
    /// Living agents that at least one other took for dead, each time that they had come back anew.
    pub deaths: u64,
    /// Hours, times agents.
    pub agent_hours: f64,
    /// Suspicions that agents had by their own probes. All of them were false.
    pub suspicions: u64,
    /// Packets that an agent sent in a second.
    pub packets_per_agent_second: f64,
    /// Bytes in them.
    pub bytes_per_agent_second: f64,
}

impl FalseDeaths {
    /// Deaths in 1,000 hours of an agent.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn per_1000_agent_hours(&self) -> f64 {
        self.deaths as f64 * 1000.0 / self.agent_hours
    }

    /// The rate that the true one is below, in deaths in 1,000 hours of an agent, with 95 % confidence and
    /// if deaths do not come in groups. None at all in T hours still allow for a rate of 3 / T.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn per_1000_agent_hours_at_most(&self) -> f64 {
        // The quantile of the chi-squared distribution over which the exact bound is defined, by Wilson
        // and Hilferty; within 1 % from one death on, and exact for none by hand.
        let bound = match self.deaths {
            0 => 3.0,
            deaths => {
                let k = deaths as f64 + 1.0;
                k * (1.0 - 1.0 / (9.0 * k) + 1.645 / (3.0 * k.sqrt())).powi(3)
            }
        };
        bound * 1000.0 / self.agent_hours
    }
}

/// Lets `n` agents live for so many minutes.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn false_deaths(
    n: usize,
    minutes: u64,
    seed: u64,
    settings: &Settings,
    faults: &Faults,
) -> FalseDeaths {
    let mut network = Network::formed(n, seed, settings, faults);
    network.observed();
    let (packets, bytes) = network.sent();
    let suspicions = suspicions(&network);
    let mut dead = BTreeSet::new();
    let mut deaths = 0;
    for _ in 0..minutes {
        network.run(Duration::from_secs(60));
        for observed in network.observed() {
            match observed.event {
                // An agent comes back under another identity, so that no death counts twice.
                Event::Down(member) if dead.insert(member) => deaths += 1,
                _ => {}
            }
        }
    }
    let agent_seconds = n as f64 * minutes as f64 * 60.0;
    let (packets_after, bytes_after) = network.sent();
    FalseDeaths {
        deaths,
        agent_hours: agent_seconds / 3600.0,
        suspicions: self::suspicions(&network) - suspicions,
        packets_per_agent_second: (packets_after - packets) as f64 / agent_seconds,
        bytes_per_agent_second: (bytes_after - bytes) as f64 / agent_seconds,
    }
}

fn suspicions(network: &Network) -> u64 {
    (0..network.agents())
        .map(|agent| network.agent(agent).counters().suspicions)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_that_of_the_tables() {
        for (deaths, bound) in [(0, 3.0), (1, 4.744), (5, 10.51), (20, 29.06)] {
            let measured = FalseDeaths {
                deaths,
                agent_hours: 1000.0,
                suspicions: 0,
                packets_per_agent_second: 0.0,
                bytes_per_agent_second: 0.0,
            };
            let error = measured.per_1000_agent_hours_at_most() / bound - 1.0;
            assert!(error.abs() < 0.01, "{deaths} deaths: {error}");
        }
    }
}

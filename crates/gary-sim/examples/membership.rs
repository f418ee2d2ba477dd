//! Measures how soon dead agents are missed and how often living ones are taken for dead.
//!
//! `cargo run -p gary-sim --example membership --release -- [lan|wan] [HOURS] [TRIALS] [SEED] [AGENTS]`
//!
//! So many virtual hours in the condition that the settings were tuned for, and a tenth of them in each of
//! the other two; so many deaths in each condition. The defaults take some twenty minutes.

use std::time::Duration;

use gary_agent::membership::Settings;
use gary_sim::membership::{Faults, detection, false_deaths};

const USAGE: &str = "[lan|wan] [HOURS] [TRIALS] [SEED] [AGENTS]";

/// Where the agents are.
struct Place {
    name: &'static str,
    settings: Settings,
    /// What goes wrong there, and for how many minutes of each hour that is asked for.
    conditions: [(&'static str, Faults, u64); 3],
}

fn lan() -> Place {
    Place {
        name: "LAN",
        settings: Settings::lan(),
        conditions: [
            ("calm, 0 % loss", Faults::calm(), 6),
            ("rough, 5 % loss", Faults::rough(50), 60),
            ("rough, 20 % loss", Faults::rough(200), 6),
        ],
    }
}

fn wan() -> Place {
    Place {
        name: "WAN",
        settings: Settings::wan(),
        conditions: [
            ("calm, 0 % loss", Faults::calm().far(), 6),
            ("rough, 2 % loss", Faults::rough(20).far(), 60),
            ("rough, 10 % loss", Faults::rough(100).far(), 6),
        ],
    }
}

fn main() {
    let mut words = std::env::args().skip(1).peekable();
    let place = match words.next_if(|word| word == "lan" || word == "wan") {
        Some(word) if word == "wan" => wan(),
        _ => lan(),
    };
    let mut numbers = words.map(|word| {
        word.parse::<u32>()
            .unwrap_or_else(|_| panic!("{word:?} is no number; try: {USAGE}"))
    });
    let hours = numbers.next().unwrap_or(10);
    let trials = numbers.next().unwrap_or(300) as usize;
    let seed = numbers.next().unwrap_or(1).into();
    let agents = numbers.next().unwrap_or(100) as usize;
    measure(&place, hours, trials, seed, agents);
}

fn measure(place: &Place, hours: u32, trials: usize, seed: u64, agents: usize) {
    let settings = &place.settings;
    let Faults {
        latency_us_min,
        latency_us_max,
        ..
    } = place.conditions[0].1;
    println!(
        "{agents} agents, {} settings, seed {seed}; a packet takes {:?} to {:?}",
        place.name,
        Duration::from_micros(latency_us_min),
        Duration::from_micros(latency_us_max),
    );
    println!("rough: each agent stalls for 500 ms about once a minute");
    for (name, faults, _) in &place.conditions {
        let times = detection(agents, trials, seed, settings, faults);
        println!(
            "\ndetection, {name}: {trials} deaths, {} missed\n  by the first {}\n  by all       {}",
            times.missed, times.first, times.all
        );
    }
    for (name, faults, minutes_per_hour) in &place.conditions {
        let minutes = u64::from(hours) * minutes_per_hour;
        let deaths = false_deaths(agents, minutes, seed, settings, faults);
        println!(
            "\nfalse deaths, {name}: {} in {:.0} agent-hours\n  {:.2} per 1,000, below {:.2} at 95 %; \
             {} suspicions\n  from each agent {:.1} packets and {:.0} bytes a second",
            deaths.deaths,
            deaths.agent_hours,
            deaths.per_1000_agent_hours(),
            deaths.per_1000_agent_hours_at_most(),
            deaths.suspicions,
            deaths.packets_per_agent_second,
            deaths.bytes_per_agent_second,
        );
    }
}

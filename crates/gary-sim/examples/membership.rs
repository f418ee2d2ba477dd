//! Measures how soon dead agents are missed and how often living ones are taken for dead.
//!
//! `cargo run -p gary-sim --example membership --release -- [HOURS] [TRIALS] [SEED] [AGENTS]`
//!
//! So many virtual hours at 5 % loss, and a tenth of them in each of the other two conditions; so many
//! deaths in each condition. The defaults take some ten minutes.

use gary_agent::membership::Settings;
use gary_sim::membership::{Faults, detection, false_deaths};

fn main() {
    let mut numbers = std::env::args().skip(1).map(|word| {
        word.parse::<u32>().unwrap_or_else(|_| {
            panic!("{word:?} is no number; try: [HOURS] [TRIALS] [SEED] [AGENTS]")
        })
    });
    let hours = numbers.next().unwrap_or(10);
    let trials = numbers.next().unwrap_or(300) as usize;
    let seed = numbers.next().unwrap_or(1).into();
    let agents = numbers.next().unwrap_or(100) as usize;
    let settings = Settings::lan();
    let conditions = [
        ("calm, 0 % loss", Faults::calm(), 6),
        ("rough, 5 % loss", Faults::rough(50), 60),
        ("rough, 20 % loss", Faults::rough(200), 6),
    ];

    println!("{agents} agents, LAN settings, seed {seed}; a packet takes 0.2 to 2 ms");
    println!("rough: each agent stalls for 500 ms about once a minute");
    for (name, faults, _) in &conditions {
        let times = detection(agents, trials, seed, &settings, faults);
        println!(
            "\ndetection, {name}: {trials} deaths, {} missed\n  by the first {}\n  by all       {}",
            times.missed, times.first, times.all
        );
    }
    for (name, faults, minutes_per_hour) in &conditions {
        let minutes = u64::from(hours) * minutes_per_hour;
        let deaths = false_deaths(agents, minutes, seed, &settings, faults);
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

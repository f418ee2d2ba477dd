use std::time::Duration;

use gary_agent::membership::{Event, Settings};
use gary_promise::Renewals;

use super::{Faults, Network, detection, false_deaths};

const SECOND: Duration = Duration::from_secs(1);

fn lan(agents: usize, seed: u64, faults: &Faults) -> Network {
    Network::formed(agents, seed, &Settings::lan(), faults)
}

#[test]
fn many_find_each_other_by_one_seed() {
    let mut network = Network::new(50, 1, &Settings::lan(), &Faults::rough(50));
    for agent in 1..50 {
        network.join(agent, &[0]);
    }
    assert!(network.run_until(20 * SECOND, Network::all_know_all));
}

#[test]
fn a_partition_heals_within_ten_seconds() {
    let mut network = lan(50, 2, &Faults::rough(50));
    for agent in 0..20 {
        network.put_on_side(agent, 1);
    }
    network.run(30 * SECOND);
    for agent in 0..50 {
        let side = if agent < 20 { 20 } else { 30 };
        assert_eq!(network.agent(agent).members_count() + 1, side);
    }
    for agent in 0..20 {
        network.put_on_side(agent, 0);
    }
    assert!(network.run_until(10 * SECOND, Network::all_know_all));
}

#[test]
fn one_cut_off_alone_comes_back() {
    let mut network = lan(10, 3, &Faults::calm());
    network.put_on_side(7, 1);
    network.run(10 * SECOND);
    assert_eq!(network.agent(7).members_count(), 0);
    assert!(!network.agent(7).is_joined());
    network.put_on_side(7, 0);
    assert!(network.run_until(10 * SECOND, Network::all_know_all));
    assert!(network.agent(7).me().renewals > Renewals(0));
}

#[test]
fn one_that_leaves_is_missed_before_one_that_dies() {
    let mut network = lan(20, 4, &Faults::calm());
    network.leave(5);
    network.run(SECOND / 2);
    let missed = network
        .observed()
        .iter()
        .filter(|observed| matches!(observed.event, Event::Down(_)))
        .count();
    assert_eq!(missed, 19);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut network = lan(12, seed, &Faults::rough(100));
        network.crash(3);
        network.run(20 * SECOND);
        (network.observed(), network.sent())
    };
    assert!(run(5) == run(5));
    assert!(run(5) != run(6));
}

#[test]
fn the_dead_are_missed_soon() {
    let found = detection(20, 10, 6, &Settings::lan(), &Faults::rough(50));
    assert_eq!(found.missed, 0);
    assert_eq!(found.all.count(), 10);
    assert!(
        found.first.mean() < Duration::from_millis(1500),
        "{}",
        found.first
    );
    assert!(
        found.all.percentile(99) < Duration::from_secs(4),
        "{}",
        found.all
    );
}

#[test]
fn the_living_are_not_missed() {
    let deaths = false_deaths(20, 5, 7, &Settings::lan(), &Faults::rough(50));
    assert_eq!(deaths.deaths, 0, "{deaths:?}");
    assert!(deaths.suspicions > 0, "there was something to refute");
}

#[test]
fn the_patient_settings_bear_long_lines() {
    let wan = Faults {
        latency_us_min: 50_000,
        latency_us_max: 300_000,
        ..Faults::rough(50)
    };
    let mut network = Network::formed(10, 8, &Settings::wan(), &wan);
    network.observed();
    network.run(120 * SECOND);
    let down = |network: &mut Network| {
        let observed = network.observed();
        observed
            .iter()
            .filter(|observed| matches!(observed.event, Event::Down(_)))
            .count()
    };
    assert_eq!(down(&mut network), 0);
    network.crash(4);
    network.run(20 * SECOND);
    assert_eq!(down(&mut network), 9);
}

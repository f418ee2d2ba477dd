//! Seeds that failed once, and some that nobody has chosen.

use gary_sim::{Transcript, replay_line, run, run_seed};

const FAILED_ONCE: &str = include_str!("../testdata/seeds.txt");

/// How many seeds are run besides those that failed once.
const SEEDS: u64 = 60;

#[test]
fn seeds_that_failed_once_do_not_fail_again() {
    for line in FAILED_ONCE.lines().filter(|line| !line.starts_with('#')) {
        let (seed, why) = line.split_once(" # ").unwrap();
        let seed: u64 = seed.trim().parse().unwrap();
        if let Some(violation) = run_seed(seed, None).violation {
            panic!("{violation}\nonce it was that {why}\n{}", replay_line(seed));
        }
    }
}

#[test]
fn every_property_holds_and_is_checked() {
    let report = run(0..SEEDS);
    if let Some((seed, violation)) = report.failures.first() {
        panic!("{violation}\n{}", replay_line(*seed));
    }
    let unchecked: Vec<_> = report.unchecked().collect();
    assert!(unchecked.is_empty(), "nothing was seen of {unchecked:?}");
}

#[test]
fn a_seed_replays_to_the_last_message() {
    let [one, other] = [7, 7].map(|seed| run_seed(seed, Some(Transcript::default())));
    assert_eq!(one.transcript, other.transcript);
    assert!(one.frames > 0);
}

//! The checkers can fail: every fault that is put into a world on purpose is caught.

use std::collections::BTreeSet;

use gary_sim::{run, try_mutations};

/// How many seeds every fault is tried under.
const SEEDS: u64 = 20;

#[test]
fn every_mutation_is_caught_and_every_checker_catches_one() {
    let tried = try_mutations(0..SEEDS);
    let missed: Vec<_> = tried.iter().filter(|its| !its.is_caught()).collect();
    assert!(missed.is_empty(), "nobody has caught {missed:?}");

    let caught = tried.iter().flat_map(|its| its.caught.keys());
    let caught: BTreeSet<_> = caught.collect();
    let premises = run(0..1).premises;
    let idle: Vec<_> = premises
        .keys()
        .filter(|its| !caught.contains(its))
        .collect();
    assert!(idle.is_empty(), "{idle:?} caught nothing");
}

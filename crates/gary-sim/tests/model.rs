//! What becomes of a register, and of what is exclusive, in every order of events, within bounds that take seconds.
//! `cargo xtask model` has larger ones.

#[path = "../model/mod.rs"]
mod model;

use model::{First, exclusive, faults, find, go_through, scenes};

#[test]
fn what_is_chosen_is_one_history_whatever_happens_when() {
    for scene in scenes().into_iter().filter(|its| its.is_small) {
        let (states, held) = go_through(scene.model);
        println!("{}: {states} states", scene.name);
        assert_eq!(held, Ok(()), "{}", scene.name);
    }
}

#[test]
fn every_fault_shows() {
    for (fault, cluster) in faults() {
        let (states, is_found) = find(cluster().with(fault), First::Near);
        println!("{fault:?}: after {states} states");
        assert!(is_found, "{fault:?} does not show");
    }
}

#[test]
fn at_most_one_runs_whatever_happens_when() {
    for scene in exclusive::scenes().into_iter().filter(|its| its.is_small) {
        let (states, held) = go_through(scene.model);
        println!("{}: {states} states", scene.name);
        assert_eq!(held, Ok(()), "{}", scene.name);
    }
}

#[test]
fn every_fault_of_what_is_exclusive_shows() {
    for (fault, bounds) in exclusive::faults() {
        let (states, is_found) = find(bounds().with(fault), First::Far);
        println!("{fault:?}: after {states} states");
        assert!(is_found, "{fault:?} does not show");
    }
}

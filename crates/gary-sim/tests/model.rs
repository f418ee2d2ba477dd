//! What becomes of a register in every order of events, within bounds that take seconds. `cargo xtask model` has larger
//! ones.

#[path = "../model/mod.rs"]
mod model;

use stateright::{Checker, HasDiscoveries, Model};

use model::{Cluster, ONE_HISTORY, faults, scenes};

#[test]
fn what_is_chosen_is_one_history_whatever_happens_when() {
    for scene in scenes().into_iter().filter(|its| its.is_small) {
        let checker = scene.cluster.checker().threads(2).spawn_bfs().join();
        println!("{}: {} states", scene.name, checker.unique_state_count());
        checker.assert_properties();
    }
}

#[test]
fn every_fault_shows() {
    for (fault, cluster) in faults() {
        let cluster = Cluster {
            fault: Some(fault),
            ..cluster()
        };
        let checker = cluster.checker().threads(2);
        let checker = checker.finish_when(HasDiscoveries::AnyFailures);
        let checker = checker.spawn_bfs().join();
        println!("{fault:?}: after {} states", checker.unique_state_count());
        checker.assert_any_discovery(ONE_HISTORY);
    }
}

//! What becomes of a register in every order of events: `cargo xtask model`. Names of scenes, or parts of them, as
//! arguments: only these.

#[path = "../model/mod.rs"]
mod model;

use std::process::ExitCode;
use std::time::Duration;

use stateright::{Checker, HasDiscoveries, Model};

use model::{Cluster, ONE_HISTORY, faults, scenes};

/// How long one scene may take.
const SCENE_TAKES_MAX: Duration = Duration::from_secs(30 * 60);

fn main() -> ExitCode {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let is_named = |name: &str| named.is_empty() || named.iter().any(|its| name.contains(its));
    let mut is_good = true;
    for scene in scenes().into_iter().filter(|its| is_named(its.name)) {
        let checker = scene.cluster.checker().threads(2).timeout(SCENE_TAKES_MAX);
        let checker = checker.spawn_bfs().join();
        let held = match (checker.discovery(ONE_HISTORY), checker.is_done()) {
            (Some(path), _) => format!("does not hold:\n{path}"),
            (None, true) => "holds".to_owned(),
            (None, false) => "not all of it was gone through".to_owned(),
        };
        is_good &= held == "holds";
        let tests = if scene.is_small {
            ", in `cargo test` too"
        } else {
            ""
        };
        println!(
            "{:10} states  {}: {held}{tests}",
            checker.unique_state_count(),
            scene.name
        );
    }
    for (fault, cluster) in faults().into_iter().filter(|_| named.is_empty()) {
        let cluster = Cluster {
            fault: Some(fault),
            ..cluster()
        };
        let checker = cluster.checker().threads(2);
        let checker = checker.finish_when(HasDiscoveries::AnyFailures);
        let checker = checker.spawn_bfs().join();
        let is_caught = checker.discovery(ONE_HISTORY).is_some();
        is_good &= is_caught;
        let caught = if is_caught { "caught" } else { "not caught" };
        println!(
            "{:10} states  {fault:?}: {caught}",
            checker.unique_state_count()
        );
    }
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

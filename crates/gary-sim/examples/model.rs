//! What becomes of a register in every order of events: `cargo xtask model`. Names of scenes, or parts of them, as
//! arguments: only these.

#[path = "../model/mod.rs"]
mod model;

use std::process::ExitCode;

use model::{faults, scenes};

fn main() -> ExitCode {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let is_named = |name: &str| named.is_empty() || named.iter().any(|its| name.contains(its));
    let mut is_good = true;
    for scene in scenes().into_iter().filter(|its| is_named(its.name)) {
        let (states, held) = scene.cluster.go_through();
        is_good &= held.is_ok();
        let held = held.err().unwrap_or_else(|| "holds".to_owned());
        let tests = if scene.is_small {
            ", in `cargo test` too"
        } else {
            ""
        };
        println!("{states:10} states  {}: {held}{tests}", scene.name);
    }
    for (fault, cluster) in faults().into_iter().filter(|_| named.is_empty()) {
        let (states, is_caught) = cluster().find(fault);
        is_good &= is_caught;
        let caught = if is_caught { "caught" } else { "not caught" };
        println!("{states:10} states  {fault:?}: {caught}");
    }
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

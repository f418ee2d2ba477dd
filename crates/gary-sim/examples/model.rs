//! What becomes of a register, and of what is exclusive, in every order of events: `cargo xtask model`. Names of scenes, or
//! parts of them, as arguments: only these.

#[path = "../model/mod.rs"]
mod model;

use std::process::ExitCode;

use model::{First, exclusive, faults, find, go_through, scenes};

fn main() -> ExitCode {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let is_named = |name: &str| named.is_empty() || named.iter().any(|its| name.contains(its));
    let mut is_good = true;
    for scene in scenes().into_iter().filter(|its| is_named(its.name)) {
        let came = go_through(scene.model);
        is_good &= holds(scene.name, scene.is_small, came);
    }
    let exclusive_scenes = exclusive::scenes().into_iter();
    for scene in exclusive_scenes.filter(|its| is_named(its.name)) {
        let came = go_through(scene.model);
        is_good &= holds(scene.name, scene.is_small, came);
    }
    for (fault, cluster) in faults().into_iter().filter(|_| named.is_empty()) {
        is_good &= is_caught(
            &format!("{fault:?}"),
            find(cluster().with(fault), First::Near),
        );
    }
    let exclusive_faults = exclusive::faults().into_iter();
    for (fault, bounds) in exclusive_faults.filter(|_| named.is_empty()) {
        is_good &= is_caught(
            &format!("{fault:?}"),
            find(bounds().with(fault), First::Far),
        );
    }
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn holds(name: &str, is_small: bool, (states, held): (usize, Result<(), String>)) -> bool {
    let is_held = held.is_ok();
    let held = held.err().unwrap_or_else(|| "holds".to_owned());
    let tests = if is_small {
        ", in `cargo test` too"
    } else {
        ""
    };
    println!("{states:10} states  {name}: {held}{tests}");
    is_held
}

fn is_caught(name: &str, (states, is_caught): (usize, bool)) -> bool {
    let caught = if is_caught { "caught" } else { "not caught" };
    println!("{states:10} states  {name}: {caught}");
    is_caught
}

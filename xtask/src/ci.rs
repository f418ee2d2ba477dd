//! `cargo xtask ci`: what has to hold before a change goes in, and all that CI runs.
//!
//! The steps share one target directory and one set of features. That is what keeps a clean run short:
//! clippy and the documentation read the same metadata of wasmtime, which takes minutes to make, and
//! the tests are its only full build.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::cargo::{cargo, succeed};
use crate::{deny, guests, repository, sim, tidy, toolchain};

/// Everything `cargo xtask bench` is made of. Without it, code behind these features would go
/// unlinted; with it in one step only, the crates below would be compiled once more.
const FEATURES: [&str; 2] = ["--features", "xtask/probe"];

/// Check everything that has to hold: exactly what CI runs.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run this step alone
    #[arg(long, value_name = "STEP")]
    only: Option<Step>,
}

/// The steps in the order they run, the quick ones first.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// The code is formatted
    Fmt,
    /// The rules of this repository hold, see `cargo xtask tidy`
    Tidy,
    /// No lint fires, in the guests neither
    Clippy,
    /// The guests build
    Guests,
    /// The tests pass
    Tests,
    /// Simulated clusters keep the properties of docs/PROMISES.md
    Sim,
    /// The documentation builds without a warning
    Docs,
    /// Licences, advisories, duplicates and sources of the dependencies are as deny.toml wants them
    Deny,
}

/// Runs the steps until one fails, and prints what each took.
pub(crate) fn run(args: &Args) -> Result<()> {
    let steps = match &args.only {
        Some(step) => std::slice::from_ref(step),
        None => Step::value_variants(),
    };
    let began = Instant::now();
    let mut rows = Vec::new();
    let mut failure = None;
    for step in steps {
        let name = step.name();
        eprintln!("\n=== {name} ===");
        let step_began = Instant::now();
        let result = step.run();
        let elapsed = step_began.elapsed();
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        eprintln!("=== {name}: {verdict} after {} ===", minutes(elapsed));
        rows.push((name.clone(), verdict, elapsed));
        if let Err(error) = result {
            failure = Some((name, error));
            break;
        }
    }

    println!("\n{:<8} {:<7} {:>7}", "step", "result", "time");
    for (name, verdict, elapsed) in &rows {
        println!("{name:<8} {verdict:<7} {:>7}", minutes(*elapsed));
    }
    for step in &steps[rows.len()..] {
        println!("{:<8} {:<7} {:>7}", step.name(), "not run", "");
    }
    println!("{:<8} {:<7} {:>7}", "total", "", minutes(began.elapsed()));

    match failure {
        None => Ok(()),
        Some((name, error)) => bail!("{error:#}\ntry: cargo xtask ci --only {name}"),
    }
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self) -> Result<()> {
        match self {
            Self::Fmt => {
                succeed(cargo().args(["fmt", "--all", "--check"]))?;
                succeed(in_workloads().args(["fmt", "--all", "--check"]))
            }
            Self::Tidy => tidy::run(),
            Self::Clippy => clippy(),
            Self::Guests => guests::build(&[]).map(drop),
            Self::Tests => succeed(
                cargo()
                    .args(["test", "--workspace", "--locked"])
                    .args(FEATURES),
            ),
            Self::Sim => sim::many(0..sim::CI_SEEDS),
            Self::Docs => succeed(
                cargo()
                    .env("RUSTDOCFLAGS", "-D warnings")
                    .args(["doc", "--workspace", "--no-deps", "--locked"])
                    // There are none, but a selection that could have dependencies of tests resolves
                    // to the features that clippy has already checked everything with.
                    .args(["--lib", "--bins", "--examples"])
                    .args(FEATURES),
            ),
            Self::Deny => deny::run(),
        }
    }
}

fn clippy() -> Result<()> {
    succeed(
        cargo()
            .args(["clippy", "--workspace", "--all-targets", "--locked"])
            .args(FEATURES)
            .args(["--", "-D", "warnings"]),
    )?;

    toolchain::ensure_target(guests::TARGET)?;
    // In release, because the guests are built in release: macros and build scripts are shared.
    succeed(
        in_workloads()
            .args(["clippy", "--workspace", "--release", "--locked"])
            .args(["--target", guests::TARGET, "--target-dir", "target"])
            .args(["--", "-D", "warnings"]),
    )
}

/// Cargo in the workspace of the guests.
fn in_workloads() -> Command {
    let mut cargo = cargo();
    cargo.current_dir(repository::root().join("workloads"));
    cargo
}

/// Minutes and seconds, `3:07`.
fn minutes(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_reads_in_minutes() {
        assert_eq!(minutes(Duration::from_millis(900)), "0:00");
        assert_eq!(minutes(Duration::from_secs(61)), "1:01");
        assert_eq!(minutes(Duration::from_secs(1800)), "30:00");
    }

    #[test]
    fn every_step_has_a_name_to_repeat_it_by() {
        for step in Step::value_variants() {
            assert!(Step::from_str(&step.name(), false).is_ok_and(|named| named == *step));
        }
    }
}

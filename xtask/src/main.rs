//! Every developer command of this repository, behind `cargo xtask`.

use std::process::ExitCode;

use clap::Parser;

mod bench;
mod cargo;
mod ci;
mod deny;
mod dist;
mod elf;
mod guests;
mod model;
mod repository;
mod sim;
mod tidy;
mod tool;
mod toolchain;

/// Developer commands of Gary.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    Bench(bench::Args),
    Ci(ci::Args),
    Dist(dist::Args),
    Guests(guests::Args),
    Model(model::Args),
    Sim(sim::Args),
    /// Check the rules of this repository that neither the compiler nor clippy knows
    Tidy,
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Bench(args) => bench::run(args),
        Command::Ci(args) => ci::run(&args),
        Command::Dist(args) => dist::run(&args),
        Command::Guests(args) => guests::run(&args),
        Command::Model(args) => model::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Tidy => tidy::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

//! `cargo xtask model`: what becomes of a register in every order of events.

use anyhow::Result;

use crate::cargo::{cargo, succeed};

/// Go through every order of events at a few keepers of one register, by the agent's own code; `cargo test` goes
/// through the small ones
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only those with this in their names
    names: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let example = ["--package", "gary-sim", "--example", "model", "--"];
    let mut command = cargo();
    command.args(["run", "--release", "--locked"]).args(example);
    succeed(command.args(&args.names))
}

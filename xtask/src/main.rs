//! Every developer command of this repository, behind `cargo xtask`.

use clap::Parser;

mod guests;
mod repository;

/// Developer commands of Gary.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    Guests(guests::Args),
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Guests(args) => guests::run(&args),
    }
}

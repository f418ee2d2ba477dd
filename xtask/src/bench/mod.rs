//! `cargo xtask bench`: what Gary costs and what it gives for it, beside its peers.

mod cluster;
mod components;
mod core;
mod core_tables;
mod custody_tables;
mod host;
mod invocation;
mod load;
mod machine;
mod memory;
#[cfg(feature = "native-server")]
mod native;
mod page;
#[cfg(feature = "probe")]
mod probe;
mod process;
mod release;
mod report;
mod sides;
mod start;
mod stats;
mod usage;
mod wanted;
mod wrk;

/// Measure what Gary costs and what it gives for it, beside its peers where it has any.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Cluster(cluster::Args),
    Core(core::Args),
    Host(Box<host::Args>),
    #[cfg(feature = "native-server")]
    #[command(hide = true)]
    NativeServer(native::Args),
    #[cfg(feature = "probe")]
    #[command(hide = true)]
    Probe(probe::Args),
}

/// Measures what `args` ask for.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Cluster(args) => cluster::run(args),
        Command::Core(args) => core::run(&args),
        Command::Host(args) => host::run(*args),
        #[cfg(feature = "native-server")]
        Command::NativeServer(args) => native::run(&args),
        #[cfg(feature = "probe")]
        Command::Probe(args) => probe::run(&args),
    }
}

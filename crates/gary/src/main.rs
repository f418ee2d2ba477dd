//! `gary`: runs WebAssembly components.
//!
//! The command line is read in two steps, as ripgrep does it: [`cli`] holds what was typed, and each
//! command's own file turns that into what it means. Results go to stdout; everything else, to
//! stderr through one [`report::Reporter`].

mod backlog;
mod build;
mod call;
mod cli;
mod cluster;
mod companion;
mod console;
mod crate_name;
#[cfg(test)]
mod defaults;
mod denied;
mod diagnostics;
mod event;
mod failures;
mod grants;
mod inspect;
mod linked;
mod load;
mod named_file;
mod new;
mod open_files;
mod piped;
mod places;
mod problem;
mod report;
mod run;
#[cfg(test)]
mod schemas;
mod serve;
mod signals;
mod target;
mod watch;

use std::process::ExitCode;

use clap::Parser;

/// Small allocations from many threads are what serving consists of; musl's allocator, which the
/// static binaries would otherwise use, serialises them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return problem::usage(error),
    };
    if let Some(dir) = cli.state_dir {
        places::keep_state_in(dir);
    }
    console::color_as_typed(cli.color);
    cluster::context::ask(cluster::context::Typed {
        context: cli.context,
        node: cli.node,
    });
    let code = match cli.command {
        cli::Command::Run(typed) => run::main(*typed),
        cli::Command::Inspect(typed) => inspect::main(&typed),
        cli::Command::Call(typed) => call::main(*typed),
        cli::Command::New(typed) => new::main(&typed),
        cli::Command::Deploy(typed) => cluster::deploy::main(*typed),
        cli::Command::Ps(typed) => cluster::list::workloads(&typed),
        cli::Command::Logs(typed) => cluster::told::logs(&typed),
        cli::Command::Why(typed) => cluster::why::main(&typed),
        cli::Command::Events(typed) => cluster::told::events(&typed),
        cli::Command::Promises(typed) => cluster::list::promises(&typed),
        cli::Command::Scale(typed) => cluster::change::scale(&typed.name, typed.replicas.get()),
        cli::Command::Restart(typed) => cluster::change::restart(&typed.name),
        cli::Command::Stop(typed) => cluster::change::stop(&typed.name),
        cli::Command::Rm(typed) => cluster::change::scale(&typed.name, 0),
        cli::Command::Wait(typed) => cluster::wait::main(&typed),
        cli::Command::Pending(typed) => cluster::pending::main(&typed),
        cli::Command::Recover(typed) => cluster::recover::main(&typed),
        cli::Command::History(typed) => cluster::list::history(&typed),
        cli::Command::Rollback(typed) => cluster::change::roll_back(&typed),
        cli::Command::Nodes(typed) => cluster::list::nodes(&typed),
        cli::Command::Node(typed) => cluster::node::main(typed),
        cli::Command::Token(typed) => cluster::token::main(typed),
        cli::Command::Context(typed) => cluster::contexts::main(typed),
        cli::Command::Dev(typed) => cluster::dev::main(typed),
        cli::Command::Completions(typed) => cli::completions(typed.shell),
    };
    ExitCode::from(code)
}

//! `gary node`: makes a node, lets it join, runs it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;

use gary_node::cluster::{RootKey, Token, TokenError};
use gary_node::{Ended, Node, StartError};
use tracing::Level;

use super::typed::{NodeArgs, NodeCommand, NodeInitArgs, NodeJoinArgs, NodeRunArgs};
use super::{context, install, node_settings, operate, waiting};
use crate::diagnostics::{self, Log};
use crate::places;
use crate::problem::{self, Code, Problem};
use crate::signals::Signals;

pub(crate) fn main(typed: NodeArgs) -> u8 {
    let done = match typed.command {
        NodeCommand::Init(typed) => init(&typed),
        NodeCommand::Join(typed) => join(&typed),
        NodeCommand::Run(typed) => run(&typed),
        NodeCommand::Install(typed) => install::main(&typed),
        NodeCommand::Show(typed) => operate::show(&typed),
        NodeCommand::Drain(typed) => operate::drain(&typed, false),
        NodeCommand::Undrain(typed) => operate::undrain(&typed),
        NodeCommand::Leave(typed) => operate::drain(&typed, true),
        NodeCommand::Restart(typed) => operate::restart(&typed),
    };
    problem::code_of(done)
}

fn init(typed: &NodeInitArgs) -> Result<(), Problem> {
    let dir = context::node_dir()?;
    let root_file = match &typed.root_out {
        Some(file) => file.clone(),
        None => places::config()?.join("root.key"),
    };
    let name = typed.name.clone().unwrap_or_else(hostname);
    let root = gary_node::draw_root().map_err(|error| not_started(&error))?;
    write_root(&root_file, &root)?;
    let founded = waiting(async {
        let founded = gary_node::found(&dir, &name, &root).await;
        founded.map_err(|error| not_started(&error))
    });
    if let Err(problem) = founded {
        // Nothing is of it, and the next try makes another.
        let _ = std::fs::remove_file(&root_file);
        return Err(problem);
    }
    eprintln!(
        "note: the root key of the cluster is in {}",
        root_file.display()
    );
    eprintln!("note: keep it safe and off the nodes: whoever has it lets others in");
    eprintln!("try: gary node run");
    Ok(())
}

pub(super) fn write_root(file: &Path, root: &RootKey) -> Result<(), Problem> {
    let failed = |error: std::io::Error| {
        let code = match error.kind() {
            ErrorKind::AlreadyExists => Code::Conflict,
            _ => Code::Failure,
        };
        Problem::new(code, "cannot write the root key")
            .why(format!("{}: {error}", file.display()))
            .hint("--root-out with a file that is not there yet")
    };
    if let Some(dir) = file.parent() {
        std::fs::create_dir_all(dir).map_err(failed)?;
    }
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file);
    let mut opened = opened.map_err(failed)?;
    let text = format!("{}\n", root.to_text());
    opened
        .write_all(text.as_bytes())
        .and_then(|()| opened.sync_all())
        .map_err(failed)
}

/// The token that is typed, or comes by stdin.
pub(super) fn read_token(typed: &str) -> Result<Token, Problem> {
    let text = match typed {
        "-" => {
            let mut text = String::new();
            let read = std::io::stdin().take(1 << 16).read_to_string(&mut text);
            read.map_err(|error| Problem::new(Code::BadInput, "cannot read the token").why(error))?;
            text
        }
        text => text.to_owned(),
    };
    text.parse().map_err(|error: TokenError| {
        Problem::new(Code::BadInput, "this is no token")
            .why(error)
            .hint("gary token create, on the machine that has the root key")
    })
}

fn join(typed: &NodeJoinArgs) -> Result<(), Problem> {
    let token = read_token(&typed.token)?;
    let name = typed.name.clone().unwrap_or_else(hostname);
    let dir = context::node_dir()?;
    waiting(async {
        let joined = gary_node::join(&dir, &name, &token, SocketAddr::from(([0; 16], 0)));
        joined.await.map_err(|error| not_started(&error))
    })?;
    eprintln!("try: gary node run");
    Ok(())
}

fn run(typed: &NodeRunArgs) -> Result<(), Problem> {
    crate::open_files::raise();
    // Where it is is told while it is there: a later release may take its place.
    let program = std::env::current_exe().map_err(|error| {
        Problem::new(Code::Failure, "cannot tell where this program is").why(error)
    })?;
    let settings = node_settings::of(typed)?;
    diagnostics::log(Log {
        is_json: typed.log_format == "json",
        level: match typed.verbose {
            0 => Level::INFO,
            _ => Level::DEBUG,
        },
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = crate::run::started(runtime)?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::new()?;
        let mut node = Node::start(settings)
            .await
            .map_err(|error| not_started(&error))?;
        let this = node.this().clone();
        eprintln!("node {} at {}", this.name, this.address);
        eprintln!("socket {}", node.socket().display());
        if let Some(ingress) = &this.ingress {
            eprintln!("ingress http://{ingress}/");
        }
        if let Some(metrics) = &this.metrics {
            eprintln!("metrics http://{metrics}/metrics");
        }
        loop {
            tokio::select! {
                ended = node.ended() => return Ok(ended),
                () = signals.next() => node.stop().await,
            }
        }
    });
    runtime.shutdown_background();
    match ended? {
        Ended::Stopped | Ended::Left => Ok(()),
        Ended::Restarts => Err(again(&program)),
        Ended::Disk(error) => Err(Problem::new(Code::Failure, "the node has ended").why(error)),
    }
}

/// Starts the program that is there now in the place of this one, with the same arguments. Comes back only if it cannot.
fn again(program: &Path) -> Problem {
    let mut command = std::process::Command::new(program);
    let error = command.args(std::env::args_os().skip(1)).exec();
    Problem::new(Code::Failure, "the node does not start again")
        .why(format!("{}: {error}", program.display()))
        .hint("gary node run")
}

/// What this machine is called, up to the first dot.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim().split('.').next().unwrap_or_default();
    match name {
        "" => "node".to_owned(),
        name => name.to_ascii_lowercase(),
    }
}

/// Whether it is that somebody else has an address.
fn is_in_use(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |its| its.source());
    causes.any(|its| {
        let io = its.downcast_ref::<std::io::Error>();
        io.is_some_and(|its| its.kind() == std::io::ErrorKind::AddrInUse)
    })
}

/// Why a node does not start, for a person.
pub(super) fn not_started(error: &StartError) -> Problem {
    let why = std::error::Error::source(error).map(ToString::to_string);
    let code = match error {
        StartError::NoNode(_) => Code::NotFound,
        StartError::IsNode(_)
        | StartError::InUse(_)
        | StartError::SocketInUse(_)
        | StartError::NoSocket(_) => Code::Conflict,
        StartError::Listen(error) if is_in_use(error) => Code::Conflict,
        StartError::Serve { source, .. } if is_in_use(source) => Code::Conflict,
        StartError::NotAdmitted(_) | StartError::HasLeft(_) => Code::Refused,
        StartError::Unreachable(_) => Code::Unreachable,
        StartError::Promise(_) | StartError::SocketTooLong { .. } => Code::BadInput,
        _ => Code::Failure,
    };
    let problem = Problem::new(code, error.to_string()).why(why.unwrap_or_default());
    match error {
        StartError::NoNode(_) => problem.hint("gary node init, or gary node join TOKEN"),
        StartError::IsNode(_) => problem.hint("gary node run, or another --state-dir"),
        StartError::HasLeft(_) => {
            problem.hint("remove that directory, and join anew: gary node join TOKEN")
        }
        StartError::NoAddress(_) => problem.hint("--advertise with an address of this machine"),
        StartError::Listen(_) => problem.hint("--listen with another port, or port 0"),
        StartError::Serve { .. } => problem.hint("--ingress with another port, or port 0"),
        StartError::SocketTooLong { .. } => problem.hint("--socket with a shorter path"),
        StartError::SocketInUse(_) | StartError::NoSocket(_) | StartError::Socket { .. } => {
            problem.hint("--socket with another path")
        }
        StartError::InUse(_) => problem.hint("a node runs there already"),
        StartError::Newer(_) => {
            problem.hint("a gary of the release that has written it, or a later one")
        }
        StartError::ReadOnly(_) => {
            problem.hint("--state-dir with a directory that can be written to")
        }
        StartError::Unreachable(_) => {
            problem.hint("is the node up that the token names, and can it be reached?")
        }
        StartError::NotAdmitted(_) => {
            problem.hint("ask for a new token: gary token create; for people with --client")
        }
        _ => problem,
    }
}

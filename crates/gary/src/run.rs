//! `gary run`: looks at what a component offers and does the obvious with it.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};
use gary_host::http::{Drained, Server};
use gary_host::{Export, Failure, Kind, Program, Replica, Stdio, Wasi};
use gary_manifest::{Flags, ListenAddr};
use tokio::runtime::{self, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::RunArgs;
use crate::event::By;
use crate::grants;
use crate::load;
use crate::problem::{Code, Problem};
use crate::report::Reporter;
use crate::target::Target;
use crate::watch::Watcher;

/// Exit code of a server that a second signal ended.
const INTERRUPTED: u8 = 130;

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) code: u8,
    pub(crate) by: By,
}

/// Why a run is over, or starts anew.
enum Next {
    Over(Ended),
    /// A signal ended it, with this exit code.
    Stopped(u8),
    /// A file changed. A server is to come back at the address it had.
    Again(Option<SocketAddr>),
}

pub(crate) fn main(typed: RunArgs) -> u8 {
    let mut flags = typed.flags();
    let reporter = early_reporter(&flags);
    let target = match Target::resolve(&typed.workload.what, flags.clone()) {
        Ok(target) => target,
        Err(problem) => return failed(&reporter, &problem),
    };
    let reporter = Arc::new(Reporter::of(&target.workload));
    if target.workload.watch {
        return watched(&typed.workload.what, &mut flags, target, &reporter);
    }
    match once(&target, None, &reporter) {
        Ok(Next::Over(ended)) => finish(&reporter, ended.code, ended.by),
        Ok(Next::Stopped(code)) => finish(&reporter, code, By::Gary),
        Ok(Next::Again(_)) => unreachable!("nothing is watched"),
        Err(problem) => failed(&reporter, &problem),
    }
}

/// Tells what goes wrong before gary.toml, which also says how to tell, has been read.
pub(crate) fn early_reporter(flags: &Flags) -> Reporter {
    Reporter::new(
        flags.json.unwrap_or_default(),
        flags.color.unwrap_or_default(),
        flags.verbose.map_or(0, |level| level.get()),
        flags.quiet.unwrap_or_default(),
    )
}

/// Tells a problem as the end of everything.
pub(crate) fn failed(reporter: &Reporter, problem: &Problem) -> u8 {
    reporter.problem(problem);
    let code = problem.code as u8;
    reporter.exit(code, By::Gary);
    code
}

fn finish(reporter: &Reporter, code: u8, by: By) -> u8 {
    reporter.exit(code, by);
    code
}

/// Runs again whenever something changes, until a signal. What fails is told, and waits for the next
/// change.
fn watched(what: &Path, flags: &mut Flags, mut target: Target, reporter: &Arc<Reporter>) -> u8 {
    let mut watcher = match Watcher::start(&target) {
        Ok(watcher) => watcher,
        Err(problem) => return failed(reporter, &problem),
    };
    loop {
        match once(&target, Some(&mut watcher), reporter) {
            Ok(Next::Stopped(code)) => return finish(reporter, code, By::Gary),
            Ok(Next::Again(addr)) => {
                // Somebody has the address open in a browser: a free port stays the one it was.
                if target.workload.addr.socket_addr().port() == 0 {
                    flags.addr = addr.map(ListenAddr::new).or(flags.addr);
                }
            }
            Ok(Next::Over(ended)) => {
                let code = ended.code;
                if !change_after(&format!("exited with code {code}"), &mut watcher, reporter) {
                    return finish(reporter, INTERRUPTED, By::Gary);
                }
            }
            Err(problem) => {
                reporter.problem(&problem);
                if !change_after("not running", &mut watcher, reporter) {
                    return finish(reporter, INTERRUPTED, By::Gary);
                }
            }
        }
        target = loop {
            match Target::resolve(what, flags.clone()) {
                Ok(changed) => break changed,
                Err(problem) => reporter.problem(&problem),
            }
            if !change_after("not running", &mut watcher, reporter) {
                return finish(reporter, INTERRUPTED, By::Gary);
            }
        };
    }
}

/// Waits for a change; false when a signal came first.
fn change_after(what: &str, watcher: &mut Watcher, reporter: &Reporter) -> bool {
    reporter.note(&format!("{what}; waiting for a change"));
    let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build() else {
        return false;
    };
    runtime.block_on(async {
        let Ok(mut signals) = Signals::new() else {
            return false;
        };
        tokio::select! {
            () = watcher.changed(reporter) => true,
            () = signals.next() => false,
        }
    })
}

/// Loads and runs, until the end or a change.
fn once(
    target: &Target,
    mut watcher: Option<&mut Watcher>,
    reporter: &Arc<Reporter>,
) -> Result<Next, Problem> {
    let loaded = load::load(target, reporter);
    if let Some(watcher) = &mut watcher {
        watcher.forget();
    }
    let program = loaded?;
    let name = target.workload.name.as_str();
    reporter.loaded(name, &program.digest().to_string(), program.compiled_in());
    match program.kind() {
        Kind::Command(wasi) => {
            let replica = link(target, &program, Stdio::Inherit, reporter)?;
            command(target, &program, &replica, wasi, watcher, reporter)
        }
        Kind::Http(wasi) => {
            let replica = link(target, &program, Stdio::Output, reporter)?;
            serve(target, &program, &replica, wasi, watcher, reporter)
        }
        Kind::Library => Err(nothing_to_run(target, &program)),
    }
}

/// Links a program with what its workload is granted.
pub(crate) fn link(
    target: &Target,
    program: &Program,
    stdio: Stdio,
    reporter: &Arc<Reporter>,
) -> Result<Replica, Problem> {
    let spec = grants::spec(target, stdio, reporter)?;
    Replica::new(program, spec).map_err(|error| crate::inspect::cannot_link(target, &error))
}

fn command(
    target: &Target,
    program: &Program,
    replica: &Replica,
    wasi: Wasi,
    watcher: Option<&mut Watcher>,
    reporter: &Arc<Reporter>,
) -> Result<Next, Problem> {
    // One guest needs one thread, which starts sooner than a pool of them.
    let runtime = started(runtime::Builder::new_current_thread().enable_all().build())?;
    let ended = runtime.block_on(async {
        let run = replica.run(wasi);
        let Some(watcher) = watcher else {
            return Some(run.await);
        };
        match select(pin!(run), pin!(watcher.changed(reporter))).await {
            Either::Left((ended, _)) => Some(ended),
            Either::Right(_) => None,
        }
    });
    // A guest's read of the terminal may still be under way on a thread of its own.
    runtime.shutdown_background();
    let Some(ended) = ended else {
        return Ok(Next::Again(None));
    };
    reporter.usage(replica.usage(), program.compiled_in());
    let code = match ended {
        Ok(code) => {
            return Ok(Next::Over(Ended {
                code: exit_code(code),
                by: By::Guest,
            }));
        }
        Err(failure) => told(target, &failure, reporter)?,
    };
    Ok(Next::Over(Ended {
        code: code as u8,
        by: By::Gary,
    }))
}

/// Tells a guest's failure: a trap as such, anything else as a problem.
pub(crate) fn told(
    target: &Target,
    failure: &Failure,
    reporter: &Reporter,
) -> Result<Code, Problem> {
    let name = &target.workload.name;
    let problem = |code| Problem::new(code, format!("{name} did not finish")).why(failure);
    match failure {
        Failure::Trap(report) => {
            reporter.trap(report);
            Ok(Code::Trapped)
        }
        Failure::TimedOut(_) => Err(problem(Code::TimedOut).hint("raise --timeout")),
        Failure::NoRoom(_) => Err(problem(Code::Failure).hint("raise the limit it names")),
        _ => Err(problem(Code::Failure)),
    }
}

/// What a shell sees of a guest's exit code: its low eight bits.
fn exit_code(code: i32) -> u8 {
    code.to_le_bytes()[0]
}

fn serve(
    target: &Target,
    program: &Program,
    replica: &Replica,
    wasi: Wasi,
    watcher: Option<&mut Watcher>,
    reporter: &Arc<Reporter>,
) -> Result<Next, Problem> {
    raise_open_files();
    let runtime = started(runtime::Builder::new_multi_thread().enable_all().build())?;
    let served = runtime.block_on(serving(target, program, replica, wasi, watcher, reporter));
    // What is still under way was given its time to end.
    runtime.shutdown_background();
    served
}

async fn serving(
    target: &Target,
    program: &Program,
    replica: &Replica,
    wasi: Wasi,
    watcher: Option<&mut Watcher>,
    reporter: &Arc<Reporter>,
) -> Result<Next, Problem> {
    let workload = &target.workload;
    let wanted = workload.addr.socket_addr();
    let server = Server::bind(wanted)
        .await
        .map_err(|error| cannot_bind(wanted, &error))?;
    let mut signals = Signals::new()?;
    let instantiated = tokio::select! {
        instantiated = replica.try_instantiate() => instantiated,
        () = signals.next() => return Ok(Next::Stopped(INTERRUPTED)),
    };
    if let Err(failure) = instantiated {
        let code = told(target, &failure, reporter)?;
        return Ok(Next::Over(Ended {
            code: code as u8,
            by: By::Gary,
        }));
    }
    let addr = server.addr();
    reporter.serving(workload.name.as_str(), &format!("http://{addr}/"));

    let mut stopped_by_change = false;
    let (stopping, draining) = oneshot::channel();
    let drain = workload.drain.duration();
    let stop = async {
        let change = async {
            match watcher {
                Some(watcher) => watcher.changed(reporter).await,
                None => std::future::pending().await,
            }
        };
        stopped_by_change = matches!(
            select(pin!(change), pin!(signals.next())).await,
            Either::Left(_)
        );
        // Listened for before anybody is told to send it, or it could pass for the first.
        if let Ok(second) = Signals::new() {
            let _ = stopping.send(second);
        }
        if !stopped_by_change {
            reporter.note(&format!("stopping; requests under way have {drain:?}"));
        }
    };
    let served = {
        let drain = if workload.watch {
            drain.min(WATCH_DRAIN)
        } else {
            drain
        };
        let serving = server.serve(replica, wasi, reporter.clone(), stop, drain);
        let cut = async {
            match draining.await {
                Ok(mut second) => second.next().await,
                Err(_) => std::future::pending().await,
            }
        };
        match select(pin!(serving), pin!(cut)).await {
            Either::Left((served, _)) => served,
            Either::Right(_) => return Ok(Next::Stopped(INTERRUPTED)),
        }
    };
    match served {
        Ok(Drained::TimedOut) => reporter.note("some requests did not end in time"),
        Ok(Drained::Whole) => {}
        Err(error) => {
            return Err(
                Problem::new(Code::Failure, format!("cannot serve {}", workload.name))
                    .why(format!("{error:#}")),
            );
        }
    }
    if stopped_by_change {
        return Ok(Next::Again(Some(addr)));
    }
    reporter.usage(replica.usage(), program.compiled_in());
    Ok(Next::Stopped(0))
}

/// Time for requests under way when it is a change that ends them: somebody waits for the new one.
const WATCH_DRAIN: Duration = Duration::from_secs(1);

/// SIGINT and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self, Problem> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Problem::new(Code::Failure, "cannot listen for signals").why(error)
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Each connection is an open file, and the soft limit of most systems is a low one.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // With the old limit, connections past it wait; that is no reason to stop.
    let _ = setrlimit(Resource::Nofile, raised);
}

fn started(runtime: std::io::Result<Runtime>) -> Result<Runtime, Problem> {
    runtime.map_err(|error| Problem::new(Code::Failure, "cannot start threads").why(error))
}

fn cannot_bind(addr: SocketAddr, error: &std::io::Error) -> Problem {
    use std::io::ErrorKind;
    let problem = |code| Problem::new(code, format!("cannot serve at {addr}"));
    match error.kind() {
        ErrorKind::AddrInUse => problem(Code::Conflict)
            .why("the address is in use")
            .hint("--addr with another port, or with port 0 for a free one"),
        ErrorKind::PermissionDenied => problem(Code::Failure)
            .why("permission denied")
            .hint("--addr with a port of 1024 or above"),
        ErrorKind::AddrNotAvailable => problem(Code::Failure)
            .why("this machine has no such address")
            .hint("--addr with an address of this machine, such as 127.0.0.1"),
        _ => problem(Code::Failure).why(error),
    }
}

fn nothing_to_run(target: &Target, program: &Program) -> Problem {
    let exports = program.exports();
    let path = target.component.display();
    let mut problem = Problem::new(Code::MissingInterface, format!("cannot run {path}"));
    problem = match exports.is_empty() {
        true => problem.why("it exports nothing"),
        false => problem.why(format!("it exports {}", listed(&exports))),
    };
    problem = problem.why(
        "gary run runs wasi:cli/run, wasi:http/incoming-handler (0.2) and wasi:http/handler (0.3)",
    );
    match callable(&exports) {
        Some(function) => problem.hint(format!("gary call {path} '{function}(...)'")),
        None => problem.hint("build it as a command or as an HTTP handler"),
    }
}

fn listed(exports: &[Export]) -> String {
    let names: Vec<&str> = exports.iter().map(|export| export.name.as_str()).collect();
    names.join(", ")
}

/// A function that could be called instead.
fn callable(exports: &[Export]) -> Option<String> {
    exports
        .iter()
        .find_map(|export| match export.functions.first() {
            Some(function) => Some(format!("{}.{function}", export.name)),
            None => (!export.name.contains('/')).then(|| export.name.clone()),
        })
}

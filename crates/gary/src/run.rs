//! `gary run`: looks at what a component offers and does the obvious with it.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use futures::future::{Either, select};
use gary_host::{Export, Failure, Kind, Program, Stdio, Wasi};
use gary_manifest::{Flags, ListenAddr};
use tokio::runtime::{self, Runtime};

use crate::cli::RunArgs;
use crate::cluster::deploy;
use crate::diagnostics;
use crate::event::By;
use crate::linked::Linked;
use crate::load;
use crate::open_files;
use crate::problem::{Code, Problem};
use crate::report::Reporter;
use crate::signals::{self, Signals};
use crate::target::Target;
use crate::watch::Watcher;

/// Exit code of a server that a second signal ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) code: u8,
    pub(crate) by: By,
}

/// Why a run is over, or starts anew.
pub(crate) enum Next {
    Over(Ended),
    /// A signal ended it, with this exit code.
    Stopped(u8),
    /// A file changed. A server is to come back at the address it had.
    Again(Option<SocketAddr>),
}

/// A workload that is linked and about to run.
pub(crate) struct Run<'a> {
    pub(crate) target: &'a Target,
    pub(crate) linked: Linked,
    pub(crate) wasi: Wasi,
    /// Tells of a change that ends the run, under `--watch`.
    pub(crate) watcher: Option<&'a mut Watcher>,
    pub(crate) reporter: &'a Arc<Reporter>,
}

pub(crate) fn main(typed: RunArgs) -> u8 {
    if typed.detach {
        return deploy::detached(typed);
    }
    let mut flags = typed.flags();
    let reporter = early_reporter(&flags);
    let target = match open_files::suffice()
        .and_then(|()| Target::resolve(&typed.workload.what, flags.clone()))
    {
        Ok(target) => target,
        Err(problem) => return failed(&reporter, &problem),
    };
    let reporter = Arc::new(Reporter::of(&target.workload));
    diagnostics::tell(&reporter);
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
    signals::guard();
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
    let change = async {
        let Ok(mut signals) = Signals::new() else {
            return false;
        };
        tokio::select! {
            () = watcher.changed(reporter) => true,
            () = signals.next() => false,
        }
    };
    on_this_thread(change).unwrap_or(false)
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
    let (serves, wasi) = match program.kind() {
        Kind::Command(wasi) => (false, wasi),
        Kind::Http(wasi) => (true, wasi),
        Kind::Library => return Err(nothing_to_run(target, &program)),
    };
    let stdio = if serves {
        Stdio::Output
    } else {
        Stdio::Inherit
    };
    let run = Run {
        target,
        linked: Linked::new(target, &program, stdio, reporter)?,
        wasi,
        watcher,
        reporter,
    };
    if serves { run.serve() } else { run.command() }
}

impl Run<'_> {
    /// Runs a command to its end.
    fn command(self) -> Result<Next, Problem> {
        let reporter = self.reporter;
        let ended = on_this_thread(async {
            let run = self.linked.replica.run(self.wasi);
            let Some(watcher) = self.watcher else {
                return Some(run.await);
            };
            match select(pin!(run), pin!(watcher.changed(reporter))).await {
                Either::Left((ended, _)) => Some(ended),
                Either::Right(_) => None,
            }
        })?;
        let Some(ended) = ended else {
            return Ok(Next::Again(None));
        };
        self.linked.tell_end(&ended, |code| *code == 0, reporter);
        let ended = match ended {
            Ok(code) => Ended {
                code: exit_code(code),
                by: By::Guest,
            },
            Err(failure) => Ended {
                code: told(self.target, &failure, reporter)? as u8,
                by: By::Gary,
            },
        };
        Ok(Next::Over(ended))
    }
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
            reporter.trap(report, None);
            Ok(Code::Trapped)
        }
        Failure::TimedOut(_) => Err(problem(Code::TimedOut).hint("raise --timeout")),
        Failure::NoRoom(_) => Err(problem(Code::Failure).hint("raise the limit it names")),
        _ => Err(problem(Code::Failure)),
    }
}

/// What a shell sees of a guest's exit code: its low eight bits.
pub(crate) fn exit_code(code: i32) -> u8 {
    code.to_le_bytes()[0]
}

/// Does what is for one guest or none: one thread is enough, and starts sooner than a pool of them.
pub(crate) fn on_this_thread<T>(work: impl Future<Output = T>) -> Result<T, Problem> {
    let runtime = started(runtime::Builder::new_current_thread().enable_all().build())?;
    let done = runtime.block_on(work);
    // A guest's read of the terminal may still be under way on a thread of its own.
    runtime.shutdown_background();
    Ok(done)
}

/// The runtime, or why there is none.
pub(crate) fn started(runtime: std::io::Result<Runtime>) -> Result<Runtime, Problem> {
    runtime.map_err(|error| Problem::new(Code::Failure, "cannot start threads").why(error))
}

pub(crate) fn nothing_to_run(target: &Target, program: &Program) -> Problem {
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
    let example = program.callables().into_iter().find_map(|any| any.example);
    match example {
        Some(example) => problem.hint(crate::call::typed(target, &example)),
        None => problem.hint("build it as a command or as an HTTP handler"),
    }
}

fn listed(exports: &[Export]) -> String {
    let names: Vec<&str> = exports.iter().map(|export| export.name.as_str()).collect();
    names.join(", ")
}

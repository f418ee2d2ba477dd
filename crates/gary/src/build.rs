//! Runs a gary.toml's build command.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::process::{self, Command, ExitStatus, Stdio};

use gary_manifest::Build;

use crate::companion::{self, Companion};
use crate::event::By;
use crate::piped;
use crate::problem::{Code, Problem};
use crate::report::Reporter;
use crate::signals;

/// The targets that Rust builds components and wasip1 modules for.
const RUST_TARGETS: [&str; 2] = ["wasm32-wasip2", "wasm32-wasip1"];

/// Lines of a build that are kept for the case that it fails; older ones are dropped.
const LINES_KEPT: usize = 1000;

/// Builds, in the directory of the gary.toml. What the command prints goes to stderr, since stdout
/// is the guest's: as it is, as events where stderr is for a program, and only once the build has
/// failed where nothing is to be told.
pub(crate) fn run(build: &Build, dir: &Path, reporter: &Reporter) -> Result<(), Problem> {
    add_rust_target(build, dir, reporter);
    reporter.building(&build.command);
    let failed = |why: String| {
        Problem::new(
            Code::Failure,
            format!("the build failed: {}", build.command),
        )
        .why(why)
        .hint(format!("run it yourself in {}", dir.display()))
    };
    let mut command = Command::new("sh");
    command.arg("-c").arg(&build.command).current_dir(dir);
    let status = told(command, reporter)
        .map_err(|error| failed(format!("sh could not be started: {error}")))?;
    if status.success() {
        return Ok(());
    }
    Err(failed(match status.code() {
        Some(code) => format!("it exited with code {code}"),
        None => "it was ended by a signal".into(),
    }))
}

/// Runs a command to its end and tells what it prints, as loudly as the reporter is.
fn told(mut command: Command, reporter: &Reporter) -> io::Result<ExitStatus> {
    command.stdin(Stdio::null());
    if reporter.shares_stderr() {
        let ended = Companion::spawn(command.stdout(io::stderr()))?.wait();
        end_if_signalled(reporter);
        return ended;
    }
    let mut kept = VecDeque::new();
    let status = piped::run(command, |line| {
        if !reporter.is_quiet() {
            return reporter.build_output(line);
        }
        if kept.len() == LINES_KEPT {
            kept.pop_front();
        }
        kept.push_back(line.to_owned());
    })?;
    if !status.success() {
        kept.iter().for_each(|line| reporter.build_output(line));
    }
    end_if_signalled(reporter);
    Ok(status)
}

/// Ends where a signal to Gary has ended the command.
fn end_if_signalled(reporter: &Reporter) {
    if let Some(signal) = companion::signalled() {
        let code = signals::exit_code(signal);
        reporter.exit(code, By::Gary);
        process::exit(i32::from(code));
    }
}

/// Adds the Rust target that a cargo command builds for, where rustup has been told not to do so by
/// itself. Whether that works out is left to the build to say.
fn add_rust_target(build: &Build, dir: &Path, reporter: &Reporter) {
    let words: Vec<&str> = build.command.split_whitespace().collect();
    let named = RUST_TARGETS.iter().find(|target| {
        words
            .iter()
            .any(|word| word == *target || word.strip_prefix("--target=") == Some(target))
    });
    let Some(target) = named.filter(|_| words.contains(&"cargo")) else {
        return;
    };
    let rustc = |arguments: &[&str]| {
        Command::new("rustc")
            .args(arguments)
            .current_dir(dir)
            .stderr(Stdio::null())
            .output()
            .ok()
            .filter(|output| output.status.success())
    };
    let libraries = rustc(&["--print", "target-libdir", "--target", target]);
    let Some(libraries) = libraries.and_then(|output| String::from_utf8(output.stdout).ok()) else {
        return;
    };
    if Path::new(libraries.trim()).exists() {
        return;
    }
    reporter.note(&format!("adding the Rust target {target}"));
    // In the project's directory, so that it goes to the toolchain which the project is built by.
    let mut command = Command::new("rustup");
    command.args(["target", "add", target]).current_dir(dir);
    let _ = told(command, reporter);
}

//! Nodes as processes of their own, each in a directory.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gary_node::SOCKET;
use gary_node::client::Client;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::places;
use crate::problem::{Code, Problem};

/// How long a process has to do what it is told before somebody is told that it does not.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often it is looked.
const LOOKS_EVERY: Duration = Duration::from_millis(20);

/// A node that is a process of its own.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) name: String,
    pub(super) dir: PathBuf,
}

impl Process {
    pub(super) fn socket(&self) -> PathBuf {
        self.dir.join(SOCKET)
    }

    fn pid_file(&self) -> PathBuf {
        self.dir.join("pid")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Starts it. Its output goes to its log.
    pub(super) fn start(&self, args: &[String]) -> Result<(), Problem> {
        let failed = |error: std::io::Error| {
            Problem::new(Code::Failure, format!("cannot start {}", self.name)).why(error)
        };
        let log = File::options().create(true).append(true).open(self.log());
        let log = log.map_err(failed)?;
        let errors = log.try_clone().map_err(failed)?;
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command
            .args(["node", "run", "--node-dir"])
            .arg(&self.dir)
            // Others of its name, of clusters whose state is elsewhere, have theirs.
            .arg("--socket")
            .arg(self.socket())
            .arg("--state-dir")
            .arg(places::state()?)
            .args(args)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            // Ctrl-C at the terminal is not for it.
            .process_group(0);
        let child = command.spawn().map_err(failed)?;
        fs::write(self.pid_file(), child.id().to_string()).map_err(failed)
    }

    /// Its process, if that runs and is still this node's.
    pub(super) fn pid(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.pid_file()).ok()?;
        let number: i32 = text.trim().parse().ok()?;
        let command = fs::read(format!("/proc/{number}/cmdline")).ok()?;
        let dir = self.dir.as_os_str().as_encoded_bytes();
        let is_its = match command.is_empty() {
            // It has just begun, or has ended and nobody has waited for it yet.
            true => !is_zombie(number),
            false => command.split(|byte| *byte == 0).any(|word| word == dir),
        };
        is_its.then(|| Pid::from_raw(number)).flatten()
    }

    /// Whether it stands still.
    pub(super) fn is_paused(&self) -> bool {
        let pid = self.pid().map(|pid| pid.as_raw_nonzero().get());
        pid.and_then(state) == Some('T')
    }

    /// Sends it a signal. Says whether it runs.
    pub(super) fn signal(&self, signal: Signal) -> bool {
        let process = self.held();
        process.is_some_and(|process| pidfd_send_signal(process, signal).is_ok())
    }

    /// Its process, held so that its number cannot come to be another's meanwhile.
    fn held(&self) -> Option<OwnedFd> {
        let held = pidfd_open(self.pid()?, PidfdFlags::empty()).ok()?;
        // It is looked at once more, since it may have ended before it was held.
        self.pid().map(|_| held)
    }

    /// Ends it, at once or by its own doing, and waits until it has.
    pub(super) async fn end(&self, signal: Signal) -> Result<(), Problem> {
        if !self.signal(signal) {
            return Ok(());
        }
        // Whoever started it may be gone, and nobody else is told of its end: it is looked for.
        let until = Instant::now() + PATIENCE;
        while self.pid().is_some() {
            if Instant::now() > until {
                return Err(
                    Problem::new(Code::TimedOut, format!("{} does not end", self.name))
                        .hint(format!("look into {}", self.log().display())),
                );
            }
            tokio::time::sleep(LOOKS_EVERY).await;
        }
        Ok(())
    }

    /// Waits until it answers, and sees so many nodes.
    pub(super) async fn sees(&self, nodes: usize) -> Result<(), Problem> {
        self.sees_within(nodes, PATIENCE).await
    }

    /// Waits until it answers, and sees so many nodes, for so long at most.
    pub(super) async fn sees_within(&self, nodes: usize, within: Duration) -> Result<(), Problem> {
        let client = Client::at(&self.socket());
        let until = Instant::now() + within;
        loop {
            if let Ok(seen) = client.nodes().await
                && seen.len() >= nodes
                && seen.iter().all(|its| its.memory_bytes > 0)
            {
                return Ok(());
            }
            if self.pid().is_none() {
                return Err(self.did_not_start());
            }
            if Instant::now() > until {
                return Err(Problem::new(
                    Code::TimedOut,
                    format!("{} sees too few nodes", self.name),
                )
                .hint(format!("look into {}", self.log().display())));
            }
            tokio::time::sleep(LOOKS_EVERY).await;
        }
    }

    fn did_not_start(&self) -> Problem {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let last = log.lines().rev().take(3).collect::<Vec<_>>();
        let mut problem = Problem::new(Code::Failure, format!("{} has ended", self.name));
        for line in last.into_iter().rev() {
            problem = problem.why(line);
        }
        problem.hint(format!("look into {}", self.log().display()))
    }
}

/// The processes whose directories are in this one, by name.
pub(super) fn all(dir: &Path) -> Vec<Process> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let nodes = entries.filter(|entry| entry.path().is_dir());
    let mut nodes: Vec<Process> = nodes
        .map(|entry| Process {
            name: entry.file_name().to_string_lossy().into_owned(),
            dir: entry.path(),
        })
        .collect();
    nodes.sort_by_key(|its| (its.name.len(), its.name.clone()));
    nodes
}

/// Whether a process has ended, and nobody has waited for it yet.
fn is_zombie(number: i32) -> bool {
    state(number).is_none_or(|state| matches!(state, 'Z' | 'X'))
}

/// The letter by which the system says how a process is.
fn state(number: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name before the state may have anything in it, brackets too.
    stat.rsplit(')').next()?.trim_start().chars().next()
}

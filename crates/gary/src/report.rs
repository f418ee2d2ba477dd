//! Tells a person, or a program, what happens. All of it goes to stderr.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use gary_host::{Failure, Level, LogSink, TrapReport, http};
use gary_manifest::{Color, Workload};

use crate::console::{self, harmless};
use crate::event::{By, Event};
use crate::problem::Problem;

/// Failures of requests told in full each second; further ones are counted.
const FAILURES_A_SECOND: u64 = 5;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();

/// How much to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Loudness {
    Quiet,
    Normal,
    Verbose,
    Diagnostic,
}

/// Tells what happens, in words or as JSON.
pub(crate) struct Reporter {
    json: bool,
    color: bool,
    loudness: Loudness,
    failures: Mutex<Failures>,
}

/// Keeps a guest that fails at every request from flooding the terminal.
struct Failures {
    since: Instant,
    told: u64,
    untold: u64,
}

impl Reporter {
    pub(crate) fn new(json: bool, color: Color, verbose: u8, quiet: bool) -> Self {
        Self {
            json,
            color: console::colored(color, &io::stderr()),
            loudness: match (quiet, verbose) {
                (true, _) => Loudness::Quiet,
                (false, 0) => Loudness::Normal,
                (false, 1) => Loudness::Verbose,
                (false, _) => Loudness::Diagnostic,
            },
            failures: Mutex::new(Failures {
                since: Instant::now(),
                told: 0,
                untold: 0,
            }),
        }
    }

    /// Tells as the workload's flags and gary.toml together say.
    pub(crate) fn of(workload: &Workload) -> Self {
        Self::new(
            workload.json,
            workload.color,
            workload.verbose.get(),
            workload.quiet,
        )
    }

    /// For what goes wrong before anybody could say how to tell.
    pub(crate) fn plain() -> Self {
        Self::new(false, Color::Auto, 0, false)
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.loudness >= Loudness::Verbose
    }

    /// Whether to show what takes long as it happens.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.json && self.loudness > Loudness::Quiet && io::stderr().is_terminal()
    }

    /// Something failed.
    pub(crate) fn problem(&self, problem: &Problem) {
        if self.json {
            return self.event(&Event::Error {
                what: problem.what.clone(),
                why: problem.why.clone(),
                hint: problem.hint.clone(),
            });
        }
        let mut text = format!(
            "{} {}\n",
            self.paint("error:", ERROR),
            harmless(&problem.what)
        );
        for why in &problem.why {
            text += &format!("{}\n", harmless(why));
        }
        if let Some(hint) = &problem.hint {
            text += &format!("{} {}\n", self.paint("try:", HINT), harmless(hint));
        }
        console::err(&text);
    }

    /// Something worth knowing, unless told to be quiet.
    pub(crate) fn note(&self, message: &str) {
        self.tell(
            Loudness::Normal,
            || message.to_owned(),
            || Event::Note {
                message: message.to_owned(),
            },
        );
    }

    /// A guest asked for something that it is not granted; `hint` is the flag that grants it.
    pub(crate) fn denied(&self, name: &str, message: &str, hint: Option<&str>) {
        if self.loudness < Loudness::Normal {
            return;
        }
        if self.json {
            return self.event(&Event::Denied {
                name: name.to_owned(),
                message: message.to_owned(),
                hint: hint.map(str::to_owned),
            });
        }
        let mut text = format!("note: {}\n", harmless(message));
        if let Some(hint) = hint {
            text += &format!("{} {}\n", self.paint("try:", HINT), harmless(hint));
        }
        console::err(&text);
    }

    /// Something that is told in words at some loudness, or as an event.
    fn tell(&self, from: Loudness, words: impl FnOnce() -> String, event: impl FnOnce() -> Event) {
        if self.loudness < from {
            return;
        }
        if self.json {
            return self.event(&event());
        }
        console::err(&format!("{}\n", harmless(&words())));
    }

    /// The component is ready.
    pub(crate) fn loaded(&self, name: &str, digest: &str, compiled_in: Option<Duration>) {
        self.tell(
            Loudness::Verbose,
            || match compiled_in {
                Some(took) => format!("{name}: compiled in {took:.1?} ({digest})"),
                None => format!("{name}: compiled code from the cache ({digest})"),
            },
            || Event::Loaded {
                name: name.to_owned(),
                digest: digest.to_owned(),
                cached: compiled_in.is_none(),
                compile_ms: compiled_in.map(ms),
            },
        );
    }

    /// The build command is about to run.
    pub(crate) fn building(&self, command: &str) {
        self.tell(
            Loudness::Normal,
            || format!("building: {command}"),
            || Event::Building {
                command: command.to_owned(),
            },
        );
    }

    /// A file changed.
    pub(crate) fn changed(&self, path: &str) {
        self.tell(
            Loudness::Normal,
            || format!("{path} changed"),
            || Event::Changed {
                path: path.to_owned(),
            },
        );
    }

    /// An HTTP component answers. This line is told even to the quiet: scripts wait for it.
    pub(crate) fn serving(&self, name: &str, url: &str) {
        if self.json {
            return self.event(&Event::Serving {
                name: name.to_owned(),
                url: url.to_owned(),
            });
        }
        let url = self.paint(url, GOOD);
        console::err(&format!("serving {name} at {url}\n"));
    }

    /// A guest ended by a trap.
    pub(crate) fn trap(&self, report: &TrapReport) {
        if self.json {
            return self.event(&Event::Trap {
                reason: report.reason.clone(),
                backtrace: report.backtrace.clone(),
            });
        }
        let mut text = format!(
            "{} the guest trapped: {}\n",
            self.paint("error:", ERROR),
            harmless(&report.reason)
        );
        for frame in &report.backtrace {
            text += &format!("{}\n", self.paint(&harmless(frame), DIM));
        }
        console::err(&text);
    }

    /// What a run used.
    pub(crate) fn usage(&self, usage: gary_host::Usage, compiled_in: Option<Duration>) {
        self.tell(
            Loudness::Verbose,
            || {
                let compiled = match compiled_in {
                    Some(took) => format!("compiled in {took:.1?}"),
                    None => "compiled code from the cache".into(),
                };
                let instantiated = match usage.instantiated_in {
                    Some(took) => format!(", instantiated in {took:.1?}"),
                    None => String::new(),
                };
                format!(
                    "used {:.3} s of processor time and at most {:.1} MiB of memory; {compiled}{instantiated}",
                    usage.cpu.as_secs_f64(),
                    usage.memory_peak_bytes as f64 / f64::from(1 << 20),
                )
            },
            || Event::Usage {
                memory_peak_bytes: usage.memory_peak_bytes,
                cpu_s: usage.cpu.as_secs_f64(),
                compile_ms: compiled_in.map(ms),
                instantiate_ms: usage.instantiated_in.map(ms),
            },
        );
    }

    /// The run is over.
    pub(crate) fn exit(&self, code: u8, by: By) {
        if self.json {
            self.event(&Event::Exit { code, by });
        }
    }

    fn event(&self, event: &Event) {
        let line = serde_json::to_string(event).expect("events hold nothing JSON cannot say");
        console::err(&format!("{line}\n"));
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.color {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// Whether one more failure may be told in full; says so once when it may not.
    fn may_tell_failure(&self) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.since.elapsed() >= Duration::from_secs(1) {
            let untold = std::mem::take(&mut failures.untold);
            failures.since = Instant::now();
            failures.told = 0;
            if untold > 0 {
                self.note(&format!(
                    "{untold} more requests failed in the second before"
                ));
            }
        }
        if failures.told < FAILURES_A_SECOND {
            failures.told += 1;
            return true;
        }
        failures.untold += 1;
        false
    }
}

impl http::Observer for Reporter {
    fn wants_requests(&self) -> bool {
        self.is_verbose()
    }

    fn request(&self, request: &http::Request<'_>) {
        self.tell(
            Loudness::Verbose,
            || {
                format!(
                    "{} {} {} {:.1?}",
                    request.method,
                    request.path,
                    request.status.as_u16(),
                    request.took
                )
            },
            || Event::Request {
                method: request.method.to_string(),
                path: request.path.to_owned(),
                status: request.status.as_u16(),
                took_ms: ms(request.took),
            },
        );
    }

    fn failed(&self, failure: &Failure) {
        if !self.may_tell_failure() {
            return;
        }
        match failure {
            Failure::Trap(report) => self.trap(report),
            other => self.problem(&Problem::new(
                crate::problem::Code::Failure,
                format!("a request failed: {other}"),
            )),
        }
    }

    fn connection(&self, why: &str) {
        self.tell(
            Loudness::Verbose,
            || format!("a connection ended early: {why}"),
            || Event::Note {
                message: format!("a connection ended early: {why}"),
            },
        );
    }
}

impl LogSink for Reporter {
    fn log(&self, level: Level, context: &str, message: &str) {
        self.tell(
            Loudness::Normal,
            || format!("{} {context}: {message}", level.as_str()),
            || Event::Log {
                level: level.as_str().to_owned(),
                context: context.to_owned(),
                message: message.to_owned(),
            },
        );
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

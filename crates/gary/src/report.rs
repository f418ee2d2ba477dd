//! Tells a person, or a program, what happens. All of it goes to stderr.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use gary_host::{Failure, Level, LogSink, TrapReport, http};
use gary_manifest::{Color, Workload};

use crate::backlog::{Backlog, Worth};
use crate::console::{self, harmless, on_one_line};
use crate::event::{By, Event};
use crate::failures::{Failures, Verdict};
use crate::problem::{Code, Problem};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();

/// Time that whoever reads stderr has at the end.
const FLUSH_WAIT_MAX: Duration = Duration::from_secs(1);

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
    failures: Arc<Mutex<Failures>>,
    /// Where lines go once nobody may wait for whoever reads stderr; before that, straight there.
    backlog: OnceLock<Backlog>,
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
            failures: Arc::new(Mutex::new(Failures::new(Instant::now()))),
            backlog: OnceLock::new(),
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

    /// For what goes wrong where nobody says how to tell, but for its colour.
    pub(crate) fn plain() -> Self {
        let color = console::typed_color().unwrap_or_default();
        Self::new(false, color, 0, false)
    }

    /// Tells from here on by way of a thread, so that nobody waits for whoever reads stderr: no
    /// request, no signal, and not the end. A terminal may be stopped, or a pipe not be read.
    pub(crate) fn detach(&self) {
        self.detach_to(io::stderr());
    }

    /// The same by way of another stream, which is how tests read it.
    pub(crate) fn detach_to(&self, stream: impl Write + Send + 'static) {
        if self.backlog.get().is_some() {
            return;
        }
        let json = self.json;
        let lost = move |count| {
            let what = format!("lines not told, because nobody read them in time: {count}");
            note_line(json, &what)
        };
        // Without a thread for it, it is told as it was before.
        if let Ok(backlog) = Backlog::start(stream, lost) {
            let _ = self.backlog.set(backlog);
        }
    }

    /// Waits, for a bounded time, until all that was told is written.
    fn flush(&self) {
        if let Some(backlog) = self.backlog.get() {
            backlog.flush(FLUSH_WAIT_MAX);
        }
    }

    fn write(&self, lines: &str, worth: Worth) {
        match self.backlog.get() {
            Some(backlog) => backlog.push(lines, worth),
            None => console::err(lines),
        }
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.loudness >= Loudness::Verbose
    }

    pub(crate) fn is_diagnostic(&self) -> bool {
        self.loudness >= Loudness::Diagnostic
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.loudness == Loudness::Quiet
    }

    /// Whether a program that is started may write to stderr itself.
    pub(crate) fn shares_stderr(&self) -> bool {
        !self.json && !self.is_quiet()
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
        self.write(&text, Worth::Lasting);
    }

    /// Something worth knowing, unless told to be quiet.
    pub(crate) fn note(&self, message: &str) {
        if self.loudness >= Loudness::Normal {
            self.write(&note_line(self.json, message), Worth::Lasting);
        }
    }

    /// What Gary's own parts note of their work, at whatever is asked of them.
    pub(crate) fn debug(&self, message: &str) {
        if self.is_diagnostic() {
            let line = note_line(self.json, &format!("debug: {message}"));
            self.write(&line, Worth::Passing);
        }
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
        self.write(&text, Worth::Lasting);
    }

    /// Something that is told in words at some loudness, or as an event.
    fn tell(&self, from: Loudness, words: impl FnOnce() -> String, event: impl FnOnce() -> Event) {
        self.tell_at(Worth::Lasting, from, words, event);
    }

    fn tell_at(
        &self,
        worth: Worth,
        from: Loudness,
        words: impl FnOnce() -> String,
        event: impl FnOnce() -> Event,
    ) {
        if self.loudness < from {
            return;
        }
        let line = match self.json {
            true => event_line(&event()),
            false => words_line(&words()),
        };
        self.write(&line, worth);
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
        // The command writes to stderr itself.
        self.flush();
    }

    /// A line of a build that does not write to stderr itself, told even to the quiet: they are told
    /// only what failed.
    pub(crate) fn build_output(&self, line: &str) {
        self.tell(
            Loudness::Quiet,
            || line.to_owned(),
            || Event::BuildOutput {
                line: line.to_owned(),
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

    /// An HTTP component answers. This line is told even to the quiet: scripts wait for it. From
    /// here on, requests and signals depend on nobody being kept waiting.
    pub(crate) fn serving(&self, name: &str, url: &str) {
        self.detach();
        if self.json {
            return self.event(&Event::Serving {
                name: name.to_owned(),
                url: url.to_owned(),
            });
        }
        let url = self.paint(url, GOOD);
        self.write(&format!("serving {name} at {url}\n"), Worth::Lasting);
    }

    /// A guest ended by a trap, where it served, at some request.
    pub(crate) fn trap(&self, report: &TrapReport, asked: Option<&http::Asked>) {
        if self.json {
            return self.event(&Event::Trap {
                request: asked.map(ToString::to_string),
                reason: report.reason.clone(),
                backtrace: report.backtrace.clone(),
            });
        }
        let mut text = format!(
            "{} the guest trapped{}: {}\n",
            self.paint("error:", ERROR),
            asked.map_or_else(String::new, |asked| harmless(&format!(" at {asked}"))),
            harmless(&report.reason)
        );
        for frame in &report.backtrace {
            text += &format!("{}\n", self.paint(&harmless(frame), DIM));
        }
        self.write(&text, Worth::Lasting);
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

    /// The run is over. Threads of it may still have something to tell, which comes too late: the last
    /// event is this one.
    pub(crate) fn exit(&self, code: u8, by: By) {
        if let Some(untold) = lock(&self.failures).take_untold() {
            self.note(&more_failed(untold));
        }
        if self.json {
            let event = Event::Exit { code, by };
            match self.backlog.get() {
                Some(backlog) => backlog.push_last(&event_line(&event)),
                None => self.event(&event),
            }
        }
        self.flush();
    }

    fn event(&self, event: &Event) {
        self.write(&event_line(event), Worth::Lasting);
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.color {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// Whether one more failure may be told in full. Those that may not are told as a number when
    /// their second is over.
    fn may_tell_failure(&self) -> bool {
        let verdict = lock(&self.failures).handle_failure(Instant::now());
        if let (Verdict::CountUntil(due), Some(backlog)) = (&verdict, self.backlog.get())
            && self.loudness >= Loudness::Normal
        {
            let (failures, json) = (self.failures.clone(), self.json);
            backlog.push_at(*due, move || {
                let untold = lock(&failures).take_untold()?;
                Some(note_line(json, &more_failed(untold)))
            });
        }
        verdict == Verdict::Tell
    }
}

impl http::Observer for Reporter {
    fn wants_requests(&self) -> bool {
        self.is_verbose()
    }

    fn request(&self, request: &http::Request<'_>) {
        self.tell_at(
            Worth::Passing,
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

    fn failed(&self, asked: &http::Asked, failure: &Failure) {
        if !self.may_tell_failure() {
            return;
        }
        let problem = Problem::new(Code::Failure, format!("{asked} failed"));
        match failure {
            Failure::Trap(report) | Failure::Crowded(report) => self.trap(report, Some(asked)),
            Failure::Busy => self.problem(&problem.why(failure).hint("raise --memory")),
            Failure::TimedOut(_) => self.problem(&problem.why(failure).hint("raise --timeout")),
            other => self.problem(&problem.why(other)),
        }
    }

    fn connection(&self, why: &str) {
        if self.is_verbose() {
            let line = note_line(self.json, &format!("a connection ended early: {why}"));
            self.write(&line, Worth::Passing);
        }
    }
}

impl LogSink for Reporter {
    fn log(&self, level: Level, context: &str, message: &str) {
        self.tell_at(
            Worth::Passing,
            Loudness::Normal,
            || {
                let (context, message) = (on_one_line(context), on_one_line(message));
                format!("{} {context}: {message}", level.as_str())
            },
            || Event::Log {
                level: level.as_str().to_owned(),
                context: context.to_owned(),
                message: message.to_owned(),
            },
        );
    }
}

fn lock(failures: &Mutex<Failures>) -> MutexGuard<'_, Failures> {
    failures.lock().unwrap_or_else(PoisonError::into_inner)
}

fn more_failed(untold: u64) -> String {
    format!("{untold} more requests failed in the second before")
}

fn note_line(json: bool, message: &str) -> String {
    match json {
        true => event_line(&Event::Note {
            message: message.to_owned(),
        }),
        false => words_line(message),
    }
}

fn event_line(event: &Event) -> String {
    let line = serde_json::to_string(event).expect("events hold nothing JSON cannot say");
    format!("{line}\n")
}

fn words_line(words: &str) -> String {
    format!("{}\n", harmless(words))
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

//! What Gary's own parts note as they work: warnings for everybody, the rest for `-vv`.
//!
//! A small subscriber of tracing and no more, because notes are told like everything else, by the
//! [`Reporter`]; those of a node are its log. Spans and other libraries' events are left out.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

use crate::console;
use crate::report::Reporter;

/// Whose events are told: by the beginning of their module's name.
const OURS: &str = "gary";

/// Bytes of one note; a longer one is cut. Some repeat what a guest asked for.
const NOTE_BYTES_MAX: usize = 1024;

/// Tells from here on what is noted. The first reporter is told of all of it: there is one a
/// process.
pub(crate) fn tell(reporter: &Arc<Reporter>) {
    let diagnostics = Diagnostics {
        level: match reporter.is_diagnostic() {
            true => Level::DEBUG,
            false => Level::WARN,
        },
        told: Told::Reporter(reporter.clone()),
    };
    // There was another before only where one process runs two workloads, as in tests.
    let _ = tracing::subscriber::set_global_default(diagnostics);
}

/// How a node's log is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log {
    /// Whether each line is an object of JSON.
    pub(crate) is_json: bool,
    /// What matters less than that is left out.
    pub(crate) level: Level,
}

/// Writes from here on a log of what is noted, on stderr.
pub(crate) fn log(log: Log) {
    let diagnostics = Diagnostics {
        level: log.level,
        told: Told::Log {
            is_json: log.is_json,
        },
    };
    // There is one node a process.
    let _ = tracing::subscriber::set_global_default(diagnostics);
}

struct Diagnostics {
    told: Told,
    level: Level,
}

/// Where notes go.
enum Told {
    Reporter(Arc<Reporter>),
    Log { is_json: bool },
}

/// A line of a log, as JSON has it.
#[derive(Serialize)]
struct Line<'a> {
    at: String,
    level: &'a str,
    target: &'a str,
    message: &'a str,
}

impl Subscriber for Diagnostics {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match self.enabled(metadata) {
            true => Interest::always(),
            false => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && *metadata.level() <= self.level
            && metadata.target().starts_with(OURS)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level.into())
    }

    fn event(&self, event: &Event<'_>) {
        let mut note = Note::default();
        event.record(&mut note);
        let (text, metadata) = (note.text(), event.metadata());
        match &self.told {
            Told::Reporter(reporter) if *metadata.level() <= Level::WARN => {
                reporter.note(&format!("warning: {text}"));
            }
            Told::Reporter(reporter) => reporter.debug(&text),
            Told::Log { is_json } => console::err(&line(&text, metadata, *is_json)),
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        // No span is enabled, so nobody asks for one twice.
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A line of a log, with the time in UTC.
fn line(text: &str, metadata: &Metadata<'_>, is_json: bool) -> String {
    let at = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let level = metadata.level().as_str();
    if !is_json {
        return format!("{at} {level:<5} {}\n", console::on_one_line(text));
    }
    let line = Line {
        at,
        level,
        target: metadata.target(),
        message: text,
    };
    // It is of plain fields, which can always be written.
    format!("{}\n", serde_json::to_string(&line).unwrap_or_default())
}

/// An event's message, and behind it its fields.
#[derive(Default)]
struct Note {
    message: String,
    fields: String,
}

impl Note {
    fn text(mut self) -> String {
        if !self.fields.is_empty() {
            self.message += &format!(" ({})", self.fields);
        }
        let cut = self.message.floor_char_boundary(NOTE_BYTES_MAX);
        if cut < self.message.len() {
            self.message.truncate(cut);
            self.message += "...";
        }
        self.message
    }
}

impl Visit for Note {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => {
                let comma = if self.fields.is_empty() { "" } else { ", " };
                write!(self.fields, "{comma}{name}: {value:?}")
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use gary_manifest::Color;

    use super::*;
    use crate::backlog::testing::slow;
    use crate::problem::{Code, Problem};

    /// More than is kept for a reader, in notes of the greatest length.
    const FLOOD_NOTES: usize = 3 << 10;

    #[test]
    fn notes_of_our_own_leave_room_for_what_lasts() {
        let (stream, reader) = slow();
        let reporter = Arc::new(Reporter::new(false, Color::Never, 2, false));
        reporter.detach_to(stream);
        let diagnostics = Diagnostics {
            told: Told::Reporter(reporter.clone()),
            level: Level::DEBUG,
        };
        tracing::subscriber::with_default(diagnostics, || {
            for _ in 0..FLOOD_NOTES {
                tracing::debug!("{}", "x".repeat(NOTE_BYTES_MAX));
            }
            tracing::warn!("the disk is full");
        });
        reporter.problem(&Problem::new(Code::Failure, "it failed"));
        drop(reporter);
        let read = reader.read_all();
        let (_, last) = read.split_once("in time: ").expect("some are lost");
        assert!(
            last.ends_with("warning: the disk is full\nerror: it failed\n"),
            "{last}"
        );
    }
}

//! Why a guest ended other than by returning, in words.

use std::fmt;
use std::time::Duration;

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::limit::MemoryLimit;
use crate::term::Over;

/// How a guest's work came to an end that was not its own return.
#[derive(Debug)]
pub enum Failure {
    /// The guest asked to exit with this code.
    Exit(i32),
    /// The guest did what WebAssembly forbids, or ran out of something.
    Trap(TrapReport),
    /// The guest gave up when it was refused memory that other instances held.
    Crowded(TrapReport),
    /// The time limit was reached.
    TimedOut(Duration),
    /// The time was over for which nobody else ran it.
    Over,
    /// The instance could not be made: `memory` has no room for what it starts with.
    NoRoom(MemoryLimit),
    /// Other instances held the memory that it needed.
    Busy,
    /// Something else failed: the host's own side of a call, or linking.
    Host(String),
}

/// A trap: the reason and where it happened.
#[derive(Debug, Clone)]
pub struct TrapReport {
    /// The reason in words.
    pub reason: String,
    /// Functions on the guest's stack, innermost first, one a line.
    pub backtrace: Vec<String>,
}

impl Failure {
    /// Reads an error that came out of a guest; `refused` is the memory limit it had run into.
    pub(crate) fn of(error: &wasmtime::Error, refused: Option<MemoryLimit>) -> Self {
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Self::Exit(exit.0);
        }
        if error.is::<Over>() {
            return Self::Over;
        }
        let backtrace = error.downcast_ref::<WasmBacktrace>();
        let reason = match (error.downcast_ref::<Trap>(), refused) {
            // It would have had room alone, and may have it the next time.
            (None, Some(MemoryLimit::Crowded(_))) if backtrace.is_none() => return Self::Busy,
            // A language's allocator that is told no gives up by trapping: the cause is the limit.
            (Some(Trap::UnreachableCodeReached), Some(limit)) => {
                format!("{limit}, and the guest gave up when it was refused more")
            }
            (Some(trap), _) => describe(*trap),
            (None, Some(limit)) if backtrace.is_none() => return Self::NoRoom(limit),
            (None, _) if backtrace.is_some() => root_cause(error),
            (None, _) => return Self::Host(format!("{error:#}")),
        };
        let report = TrapReport {
            reason,
            backtrace: backtrace.map(frames).unwrap_or_default(),
        };
        match (error.downcast_ref::<Trap>(), refused) {
            (Some(Trap::UnreachableCodeReached), Some(MemoryLimit::Crowded(_))) => {
                Self::Crowded(report)
            }
            _ => Self::Trap(report),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "the guest exited with code {code}"),
            Self::Trap(report) | Self::Crowded(report) => {
                write!(f, "the guest trapped: {}", report.reason)
            }
            Self::TimedOut(limit) => {
                write!(f, "the guest was stopped at its time limit of {limit:?}")
            }
            Self::Over => f.write_str("the guest was stopped, since others may run it now"),
            Self::NoRoom(limit) => write!(f, "{limit}, which is less than the guest starts with"),
            Self::Busy => f.write_str(
                "other instances held the memory that it needed, of all that the workload may have",
            ),
            Self::Host(error) => f.write_str(error),
        }
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, bytes) = match *self {
            Self::Instance(bytes) => ("instance_memory", bytes),
            Self::Replica(bytes) | Self::Crowded(bytes) => ("memory", bytes),
        };
        let shared = match self {
            Self::Crowded(_) => ", and other instances hold some of it",
            Self::Instance(_) | Self::Replica(_) => "",
        };
        write!(f, "memory limit reached: {key} is {}{shared}", Bytes(bytes))
    }
}

/// Bytes in the largest binary unit that keeps them whole.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        match UNITS
            .iter()
            .find(|(unit, _)| self.0.is_multiple_of(*unit) && self.0 > 0)
        {
            Some((unit, name)) => write!(f, "{}{name}", self.0 / unit),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

fn describe(trap: Trap) -> String {
    match trap {
        Trap::StackOverflow => "its stack is exhausted (endless recursion?)".into(),
        Trap::MemoryOutOfBounds => "it accessed memory out of bounds".into(),
        Trap::HeapMisaligned => "it accessed memory at an address that is not aligned".into(),
        Trap::TableOutOfBounds => "it accessed a table out of bounds".into(),
        Trap::IndirectCallToNull => "it called a function pointer that is null".into(),
        Trap::BadSignature => "it called a function pointer of another type".into(),
        Trap::IntegerOverflow => "an integer overflowed".into(),
        Trap::IntegerDivisionByZero => "it divided by zero".into(),
        Trap::BadConversionToInteger => "it made an integer of a number that is none".into(),
        Trap::UnreachableCodeReached => {
            "it reached code marked unreachable (a panic or an abort)".into()
        }
        other => other.to_string(),
    }
}

/// What a host call said when it ended the guest, without the layers around it.
fn root_cause(error: &wasmtime::Error) -> String {
    error.root_cause().to_string()
}

fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    backtrace
        .frames()
        .iter()
        .enumerate()
        .map(|(depth, frame)| {
            let function = match frame.func_name() {
                Some(name) => demangled(name),
                None => format!("function {}", frame.func_index()),
            };
            let place = frame.symbols().iter().find_map(|symbol| {
                let file = symbol.file()?;
                Some(match symbol.line() {
                    Some(line) => format!(" at {file}:{line}"),
                    None => format!(" at {file}"),
                })
            });
            format!("{depth:>3}: {function}{}", place.unwrap_or_default())
        })
        .collect()
}

/// The name as its source had it.
fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

//! What `--json` reports on stderr, one object a line.

use schemars::JsonSchema;
use serde::Serialize;

/// Something that happened in a run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// The build command was started.
    Building {
        /// The command, as the shell gets it.
        command: String,
    },
    /// A line that the build command printed.
    BuildOutput {
        /// The line.
        line: String,
    },
    /// The component is ready to be run.
    Loaded {
        /// Name of the workload.
        name: String,
        /// Digest of the component's file.
        digest: String,
        /// Whether its machine code came from the cache.
        cached: bool,
        /// Milliseconds that compiling took; absent when it came from the cache.
        #[serde(skip_serializing_if = "Option::is_none")]
        compile_ms: Option<f64>,
    },
    /// An HTTP component answers.
    Serving {
        /// Name of the workload.
        name: String,
        /// Where it answers.
        url: String,
    },
    /// A request was answered (with -v).
    Request {
        /// The request's method.
        method: String,
        /// The request's path and query.
        path: String,
        /// The response's status.
        status: u16,
        /// Milliseconds from the request's head to the response's.
        took_ms: f64,
    },
    /// A line of wasi:logging.
    Log {
        /// The guest's level, from `trace` to `critical`.
        level: String,
        /// The guest's context.
        context: String,
        /// The guest's message.
        message: String,
    },
    /// The guest trapped.
    Trap {
        /// The request that it was at, as in `GET /path`; absent for a command.
        #[serde(skip_serializing_if = "Option::is_none")]
        request: Option<String>,
        /// The reason in words.
        reason: String,
        /// Functions on the guest's stack, innermost first.
        backtrace: Vec<String>,
    },
    /// The guest asked for something that it is not granted; told once for each.
    Denied {
        /// Name of the workload.
        name: String,
        /// What it asked for, in words.
        message: String,
        /// The flag that grants it.
        #[serde(rename = "try", skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// Something worth knowing.
    Note {
        /// What it is.
        message: String,
    },
    /// A file changed, and the component is built and started again (with --watch).
    Changed {
        /// The file.
        path: String,
    },
    /// What the run used (with -v).
    Usage {
        /// The most memory that instances held at once, in bytes.
        memory_peak_bytes: u64,
        /// Processor time, in seconds.
        cpu_s: f64,
        /// Milliseconds that compiling took; absent when the code came from the cache.
        #[serde(skip_serializing_if = "Option::is_none")]
        compile_ms: Option<f64>,
        /// Milliseconds that making the first instance took, where it was measured.
        #[serde(skip_serializing_if = "Option::is_none")]
        instantiate_ms: Option<f64>,
    },
    /// Something failed.
    Error {
        /// What failed.
        what: String,
        /// Why, as observed, line by line.
        why: Vec<String>,
        /// What to try.
        #[serde(rename = "try", skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// The last event.
    Exit {
        /// The exit code.
        code: u8,
        /// Whose code it is.
        by: By,
    },
}

/// Whose an exit code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// The guest's own.
    Guest,
    /// Gary's.
    Gary,
}

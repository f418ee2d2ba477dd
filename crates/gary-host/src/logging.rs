//! `wasi:logging`: a guest's log entries, cut to a bounded length and handed on.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker};

/// The names guests import. The shape is one; the version was added late, and many published
/// guests lack it.
const INTERFACES: [&str; 2] = ["wasi:logging/logging@0.1.0-draft", "wasi:logging/logging"];

/// Bytes of a message. A longer one is cut and says how much is missing.
pub(crate) const MESSAGE_BYTES_MAX: usize = 16 << 10;

/// Bytes of a context. A longer one is cut likewise.
pub(crate) const CONTEXT_BYTES_MAX: usize = 256;

/// How much a line matters, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
pub enum Level {
    /// Values and the flow of control.
    #[component(name = "trace")]
    Trace,
    /// For whoever debugs the guest.
    #[component(name = "debug")]
    Debug,
    /// For whoever watches it run.
    #[component(name = "info")]
    Info,
    /// Something may go wrong.
    #[component(name = "warn")]
    Warn,
    /// Something went wrong.
    #[component(name = "error")]
    Error,
    /// The guest cannot go on.
    #[component(name = "critical")]
    Critical,
}

impl Level {
    /// The level's name in the interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where a workload's log lines go.
pub trait LogSink: Send + Sync {
    /// Takes one entry. Context and message are bounded and otherwise as the guest has them, line
    /// breaks and control characters included: who prints them makes them fit for it. Called where
    /// the guest runs, by several instances at once: it should not wait for long, and what it does
    /// about a guest that logs without end is its own decision.
    fn log(&self, level: Level, context: &str, message: &str);
}

/// What the interface needs of an instance.
pub(crate) struct LoggingView<'a> {
    /// Where the lines go; without one they are dropped.
    pub(crate) sink: Option<&'a Arc<dyn LogSink>>,
}

/// Provides `wasi:logging/logging`, with its version and without.
pub(crate) fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> LoggingView<'_>,
) -> wasmtime::Result<()> {
    for interface in INTERFACES {
        linker.instance(interface)?.func_wrap(
            "log",
            move |mut store: StoreContextMut<'_, T>,
                  (level, context, message): (Level, String, String)| {
                if let Some(sink) = view(store.data_mut()).sink {
                    let context = cut(&context, CONTEXT_BYTES_MAX);
                    let message = cut(&message, MESSAGE_BYTES_MAX);
                    sink.log(level, &context, &message);
                }
                Ok(())
            },
        )?;
    }
    Ok(())
}

/// The text, cut to so many bytes. What is short enough is not copied.
fn cut(text: &str, bytes_max: usize) -> Cow<'_, str> {
    let kept = &text[..text.floor_char_boundary(bytes_max)];
    match text.len() - kept.len() {
        0 => Cow::Borrowed(text),
        cut_bytes => Cow::Owned(format!("{kept}… ({cut_bytes} bytes cut)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_not_copied() {
        let text = "Grüße\naus 東京 👋";
        assert!(matches!(cut(text, 100), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        assert_eq!(cut("aaéé", 3), "aa… (4 bytes cut)");
        assert_eq!(cut("aaéé", 6), "aaéé");
        assert_eq!(cut("a", 0), "… (1 bytes cut)");
    }
}

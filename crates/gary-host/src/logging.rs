//! `wasi:logging`: a guest's log lines, made fit for a terminal and handed on.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
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
    /// Takes one line. Context and message are bounded, on one line each and free of anything
    /// that moves a cursor, so they may be printed as they are. Called where the guest runs, by
    /// several instances at once: it should not wait for long, and what it does about a guest
    /// that logs without end is its own decision.
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
                    let context = printable(&context, CONTEXT_BYTES_MAX);
                    let message = printable(&message, MESSAGE_BYTES_MAX);
                    sink.log(level, &context, &message);
                }
                Ok(())
            },
        )?;
    }
    Ok(())
}

/// The text, cut to so many bytes, with everything escaped that could forge another line or make
/// a terminal do more than print. What needs neither is not copied.
fn printable(text: &str, bytes_max: usize) -> Cow<'_, str> {
    let kept = &text[..text.floor_char_boundary(bytes_max)];
    if kept.len() == text.len() && !kept.contains(forges) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(kept.len());
    for char in kept.chars() {
        if forges(char) {
            printable.extend(char.escape_default());
        } else {
            printable.push(char);
        }
    }
    let cut_bytes = text.len() - kept.len();
    if cut_bytes > 0 {
        write!(printable, "… ({cut_bytes} bytes cut)").expect("writing to a string cannot fail");
    }
    Cow::Owned(printable)
}

/// Control characters except the tab, the two separators that some viewers break lines at, and
/// the marks that turn the direction of text.
fn forges(char: char) -> bool {
    match char {
        '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' => true,
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        char => char.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_not_copied() {
        let text = "Grüße\taus 東京 👋";
        assert!(matches!(printable(text, 100), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn nothing_reaches_a_terminal_that_it_would_obey() {
        let forged = "ok\r\n\u{1b}[2Jerror: \u{9b}31m\u{7f}\u{202e}evil\u{2028}\0";
        assert_eq!(
            printable(forged, 100),
            "ok\\r\\n\\u{1b}[2Jerror: \\u{9b}31m\\u{7f}\\u{202e}evil\\u{2028}\\u{0}"
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        assert_eq!(printable("aaéé", 3), "aa… (4 bytes cut)");
        assert_eq!(printable("aaéé", 6), "aaéé");
        assert_eq!(printable("a", 0), "… (1 bytes cut)");
    }
}

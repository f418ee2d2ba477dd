//! Writing to stdout and stderr without falling over when nobody reads.

use std::io::{self, ErrorKind, IsTerminal, Write};

use gary_manifest::Color;

use crate::problem::{Code, Problem};

/// Writes a result. A reader that has gone away, as `head` does, is no failure.
pub(crate) fn out(text: &str) -> Result<(), Problem> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Problem::new(
            Code::Failure,
            "cannot write the result to stdout",
        )
        .why(error)
        .hint("send it elsewhere, as in > FILE")),
        _ => Ok(()),
    }
}

/// Writes anything that is not a result.
pub(crate) fn err(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether to colour what goes to `stream`.
pub(crate) fn colored(choice: Color, stream: &impl IsTerminal) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match choice {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            stream.is_terminal()
                && !set("NO_COLOR")
                && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

/// Text that may come from outside, with nothing in it that a terminal would obey.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escape = c.is_control() && c != '\t' && c != '\n';
            let escaped = escape.then(|| c.escape_default());
            let plain = (!escape).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

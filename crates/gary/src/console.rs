//! Writing to stdout and stderr without falling over when nobody reads.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

use gary_manifest::Color;

use crate::problem::{Code, Problem};

/// What `--color` says; set once, before anything is coloured.
static COLOR: OnceLock<Option<Color>> = OnceLock::new();

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

/// How many columns the terminal has that results are written to; nothing where they go elsewhere.
pub(crate) fn columns() -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(columns.into())
}

/// Writes anything that is not a result.
pub(crate) fn err(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Colours as the command line says for the rest of the process.
pub(crate) fn color_as_typed(color: Option<Color>) {
    // There is one command line, so nobody can have been first.
    let _ = COLOR.set(color);
}

/// What the command line says of colour.
pub(crate) fn typed_color() -> Option<Color> {
    COLOR.get().copied().flatten()
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

/// Likewise, and with nothing in it that could pass for another line or turn the text around.
pub(crate) fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if forges(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// Control characters except the tab, the two separators that some viewers break lines at, and the
/// marks that turn the direction of text.
fn forges(c: char) -> bool {
    match c {
        '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' => true,
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_guest_is_one_line_that_no_terminal_obeys() {
        let forged = "ok\r\n\u{1b}[2Jerror: \u{9b}31m\u{7f}\u{202e}evil\u{2028}\0";
        assert_eq!(
            on_one_line(forged),
            "ok\\r\\n\\u{1b}[2Jerror: \\u{9b}31m\\u{7f}\\u{202e}evil\\u{2028}\\u{0}"
        );
    }
}

//! Files of environment variables.

use crate::{EnvVar, ParseError, entry_table::Entry};

/// The longest env file that is read, in bytes; a longer one is refused whole.
pub const ENV_FILE_BYTES_MAX: usize = 1 << 20;

/// A line of an env file was refused, and with it the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct EnvFileError {
    line: usize,
    message: String,
    hint: String,
}

impl EnvFileError {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What to try instead.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// Reads the text of an env file, in the order of its lines; a later line wins over an earlier one.
///
/// A line is `NAME=VALUE`, with or without `export ` before it, or blank, or a comment after `#`.
/// Space around name and value is dropped. A value in single quotes is taken as it stands; in
/// double quotes `\n`, `\r`, `\t`, `\"`, `\\` and `\$` are read. Without quotes it ends at ` #`.
/// Quotes close on their own line, and `$NAME` is left alone: what a guest gets stands in the file.
///
/// # Errors
///
/// Names the first line that is none of these.
pub fn parse_env_file(text: &str) -> Result<Vec<EnvVar>, EnvFileError> {
    if text.len() > ENV_FILE_BYTES_MAX {
        return Err(EnvFileError {
            line: 1,
            message: format!(
                "the file has {} bytes, more than the {ENV_FILE_BYTES_MAX} that are read",
                text.len()
            ),
            hint: "pass large values in a file that the guest is granted".into(),
        });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut vars = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let var = parse_line(line).map_err(|refused| EnvFileError {
            line: index + 1,
            message: refused.message,
            hint: refused.hint,
        })?;
        vars.push(var);
    }
    Ok(vars)
}

/// A refusal that does not know its line yet.
struct Refused {
    message: String,
    hint: String,
}

impl Refused {
    fn new(message: &str, hint: &str) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

impl From<ParseError> for Refused {
    fn from(error: ParseError) -> Self {
        Self::new(&error.to_string(), error.hint())
    }
}

fn parse_line(line: &str) -> Result<EnvVar, Refused> {
    let line = match line.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => line,
    };
    // The line is not repeated in messages: env files hold secrets.
    let Some((name, value)) = line.split_once('=') else {
        return Err(Refused::new(
            "there is no `=`",
            "write NAME=VALUE, or # before a comment",
        ));
    };
    let name = name.trim_end();
    if name.contains(char::is_whitespace) {
        return Err(Refused::new(
            "the name before `=` has a space in it",
            "write NAME=VALUE, or # before a comment",
        ));
    }
    Ok(EnvVar::new(name, &parse_value(value.trim())?)?)
}

fn parse_value(text: &str) -> Result<String, Refused> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'').ok_or_else(unclosed)?;
        return nothing_after(rest).map(|()| value.to_owned());
    }
    if let Some(quoted) = text.strip_prefix('"') {
        return parse_double_quoted(quoted);
    }
    if text.starts_with('#') {
        return Ok(String::new());
    }
    let end = [" #", "\t#"]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min();
    Ok(text[..end.unwrap_or(text.len())].trim_end().to_owned())
}

fn parse_double_quoted(quoted: &str) -> Result<String, Refused> {
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return nothing_after(chars.as_str()).map(|()| value),
            '\\' => value.push(match chars.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(same @ ('"' | '\\' | '$')) => same,
                Some(other) => {
                    return Err(Refused::new(
                        &format!("`\\{}` is no escape", other.escape_default()),
                        r"write \\ for a backslash, or use single quotes",
                    ));
                }
                None => return Err(unclosed()),
            }),
            other => value.push(other),
        }
    }
    Err(unclosed())
}

fn nothing_after(rest: &str) -> Result<(), Refused> {
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        return Ok(());
    }
    Err(Refused::new(
        "there is text after the closing quote",
        "quote the whole value, or put # before a comment",
    ))
}

fn unclosed() -> Refused {
    Refused::new(
        "a quote is not closed on its line",
        r#"close it, or write \n inside double quotes for a line break"#,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_every_form() {
        let text = "\u{feff}# greetings\r\n\
            A=1\r\n\
            \n\
            \texport B = two words # and a comment\n\
            C='it is $HOME # here' # not here\n\
            D=\"line\\nbreak \\\"q\\\" \\\\ \\$\"\n\
            E=\n\
            F=#not\n\
            G=a#b\n\
            exporter=1\n\
            URL=http://x/?a=b";
        let vars = parse_env_file(text).expect("legal");
        let shown: Vec<String> = vars.iter().map(EnvVar::to_string).collect();
        assert_eq!(
            shown,
            [
                "A=1",
                "B=two words",
                "C=it is $HOME # here",
                "D=line\nbreak \"q\" \\ $",
                "E=",
                "F=",
                "G=a#b",
                "exporter=1",
                "URL=http://x/?a=b",
            ]
        );
    }

    #[test]
    fn refuses_with_the_line() {
        for (text, message) in [
            ("A=1\nB", "line 2: there is no `=`"),
            (
                "\n\n=x",
                "line 3: `` is not an environment variable: its name is empty",
            ),
            ("A B=1", "line 1: the name before `=` has a space in it"),
            ("A='x", "line 1: a quote is not closed on its line"),
            ("A=\"x", "line 1: a quote is not closed on its line"),
            ("A=\"x\\", "line 1: a quote is not closed on its line"),
            ("A=\"x\" y", "line 1: there is text after the closing quote"),
            ("A=\"\\q\"", "line 1: `\\q` is no escape"),
            (
                "A=\0",
                "line 1: `A` is not an environment variable: it has a NUL character",
            ),
        ] {
            assert_eq!(parse_env_file(text).expect_err(text).to_string(), message);
        }
    }

    #[test]
    fn refuses_a_file_that_is_too_long() {
        let error = parse_env_file(&"#".repeat(ENV_FILE_BYTES_MAX + 1)).expect_err("too long");
        assert_eq!(
            error.to_string(),
            "line 1: the file has 1048577 bytes, more than the 1048576 that are read"
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,200}") {
            let _ = parse_env_file(&text);
        }
    }
}

//! Where a gary.toml is wrong, and why.

use std::borrow::Cow;

use toml::de::DeTable;

use crate::{manifest::MANIFEST_BYTES_MAX, manifest_keys, toml_words};

/// A gary.toml was refused.
///
/// One line to read, `gary.toml:7:1: unknown key `repliacs` in [promise]`; what to try is apart, in
/// [`ManifestError::hint`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("gary.toml:{line}:{column}: {problem}")]
pub struct ManifestError {
    line: usize,
    column: usize,
    problem: Problem,
}

/// What is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is longer than [`MANIFEST_BYTES_MAX`].
    #[error("the file has {bytes} bytes, more than the {MANIFEST_BYTES_MAX} that are read")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// It is not TOML.
    #[error("{message}")]
    Syntax {
        /// What the TOML parser says.
        message: String,
    },
    /// It has a key that means nothing there.
    #[error("unknown key `{key}`{}", in_table(.table))]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The table it stands in, dotted; empty at the top.
        table: String,
        /// The nearest key that is known: a bare key of the same table, or a dotted one of another.
        nearest: Option<String>,
    },
    /// A key has a value that it cannot have, or a key is missing.
    #[error("{}{message}", of_field(.path))]
    Value {
        /// The key, dotted; empty at the top.
        path: String,
        /// Why the value is refused.
        message: String,
        /// What to try, where that is known.
        hint: Option<String>,
    },
    /// Two keys contradict each other.
    #[error("{message}")]
    Conflict {
        /// What contradicts what.
        message: Cow<'static, str>,
        /// What to try.
        hint: Cow<'static, str>,
    },
}

impl ManifestError {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, in characters counted from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong, without the place.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The nearest known key, where an unknown one was written.
    pub fn nearest(&self) -> Option<&str> {
        match &self.problem {
            Problem::UnknownKey { nearest, .. } => nearest.as_deref(),
            _ => None,
        }
    }

    /// What to try.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            Problem::TooLong { .. } => Some("move large values into files".into()),
            Problem::Syntax { .. } => None,
            Problem::UnknownKey { nearest, table, .. } => Some(match nearest {
                // It stands in another table, as `run` does behind `[promise]`.
                Some(nearest) if !table.is_empty() && manifest_keys::is_table(nearest) => {
                    format!("write it in [{nearest}], which is a table of its own")
                }
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!(
                    "known keys{}: {}",
                    in_table(table),
                    manifest_keys::known(table)
                ),
            }),
            Problem::Value { hint, .. } => hint.clone(),
            Problem::Conflict { hint, .. } => Some(hint.to_string()),
        }
    }

    pub(crate) fn too_long(bytes: usize) -> Self {
        Self::new("", 0, Problem::TooLong { bytes })
    }

    /// From an error of the toml crate, which knows a place and a text. Which key it is about is
    /// looked up in the document, so that nothing depends on how serde words its messages.
    pub(crate) fn from_toml(text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(0, |span| span.start);
        let Ok(document) = DeTable::parse(text) else {
            let message = error.message().replace('\n', ", ");
            return Self::new(text, at, Problem::Syntax { message });
        };
        let document = document.get_ref();
        if let Some(unknown) = manifest_keys::unknown(document) {
            let problem = Problem::UnknownKey {
                key: unknown.key,
                table: unknown.table,
                nearest: unknown.nearest,
            };
            return Self::new(text, unknown.at, problem);
        }
        let span = error.span();
        let path = span.and_then(|span| manifest_keys::path_of(document, &span));
        let (message, hint) = match error.message().split_once('\n') {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => {
                let message = error.message();
                (toml_words::in_toml(message), toml_words::hint(message))
            }
        };
        let problem = Problem::Value {
            path: path.unwrap_or_default().join("."),
            message,
            hint,
        };
        Self::new(text, at, problem)
    }

    /// Points at the key at `path`, or the start where it was left out.
    pub(crate) fn at_path(text: &str, path: &[&str], problem: Problem) -> Self {
        let document = DeTable::parse(text).ok();
        let at = document.and_then(|document| manifest_keys::place_of(document.get_ref(), path));
        Self::new(text, at.unwrap_or(0), problem)
    }

    fn new(text: &str, at: usize, problem: Problem) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem,
        }
    }
}

fn in_table(table: &str) -> String {
    if table.is_empty() {
        return String::new();
    }
    format!(" in [{table}]")
}

fn of_field(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    format!("{path}: ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Manifest;
    use proptest::prelude::*;

    const COMPONENT: &str = "component = \"a.wasm\"\n";

    fn refused(text: &str) -> ManifestError {
        Manifest::parse(text).expect_err(text)
    }

    /// Each message as people see it, with its hint.
    #[test]
    fn says_where_what_and_what_to_try() {
        for (text, message, hint) in [
            (
                "[promise]\nrepliacs = 3",
                "gary.toml:3:1: unknown key `repliacs` in [promise]",
                Some("did you mean `replicas`?"),
            ),
            (
                "nmae = \"x\"",
                "gary.toml:2:1: unknown key `nmae`",
                Some("did you mean `name`?"),
            ),
            (
                "[promises]\nreplicas = 3",
                "gary.toml:2:2: unknown key `promises`",
                Some("did you mean `promise`?"),
            ),
            (
                "memory = \"1MiB\"",
                "gary.toml:2:1: unknown key `memory`",
                Some("did you mean `promise.memory`?"),
            ),
            (
                "[promise]\nrun.x = 3",
                "gary.toml:3:1: unknown key `run` in [promise]",
                Some("write it in [run], which is a table of its own"),
            ),
            (
                "[http]\nname = \"x\"",
                "gary.toml:3:1: unknown key `name` in [http]",
                Some("did you mean `name`?"),
            ),
            (
                "[health]\npath = \"/\"\nxyzzy = 1",
                "gary.toml:4:1: unknown key `xyzzy` in [health]",
                Some("known keys in [health]: interval, path"),
            ),
            (
                "promise = { cpu = 1, mem = 2 }",
                "gary.toml:2:22: unknown key `mem` in [promise]",
                Some(
                    "known keys in [promise]: cpu, exclusive, instance_memory, max_concurrency, memory, \
                      replicas, reuse, store, timeout",
                ),
            ),
            (
                "[promise]\nmemory = \"0\"",
                "gary.toml:3:10: promise.memory: `0` is not a size: it must be more than zero",
                Some("write a number and a unit, such as 64MiB or 1GiB"),
            ),
            (
                "[promise]\nmemory = 0",
                "gary.toml:3:10: promise.memory: `0` is not a size: it must be more than zero",
                Some("write a number and a unit, such as 64MiB or 1GiB"),
            ),
            (
                "[promise]\ncpu = nan",
                "gary.toml:3:7: promise.cpu: `NaN` is not a number of cores: it is not finite",
                Some("write a number of cores, such as 0.5 for half a core"),
            ),
            (
                "[promise]\nreplicas = 0",
                "gary.toml:3:12: promise.replicas: `0` is not a count: it must be 1 or more",
                Some("write a whole number from 1 to 1000000"),
            ),
            (
                "[promise]\ntimeout = 30",
                "gary.toml:3:11: promise.timeout: it is the number 30 and has to be a length of time \
                 such as \"30s\"",
                None,
            ),
            (
                "[grant]\nnet = [\"a:1\", \"b:0\"]",
                "gary.toml:3:15: grant.net.1: `b:0` is not a network grant: its port is not 1 to \
                 65535",
                Some(
                    "write HOST or HOST:PORT, such as api.example.com:443, [::1]:5432 or * for all",
                ),
            ),
            (
                "[grant]\nenv = { \"ä\" = \"x\", \"A=B\" = \"y\" }",
                "gary.toml:3:28: grant.env.A=B: `A=B` is not an environment variable: its name has \
                 an `=`",
                Some("write NAME=VALUE"),
            ),
            (
                "[grant.env]\nPORT = 80",
                "gary.toml:3:8: grant.env.PORT: it is the number 80 and has to be text in quotes",
                None,
            ),
            (
                "[grant]\nenv = []",
                "gary.toml:3:7: grant.env: it is a list and has to be a table of strings, each under a \
                 variable's name",
                None,
            ),
            (
                "[grant]\ndirs = \"x\"",
                "gary.toml:3:8: grant.dirs: it is the text \"x\" and has to be a list",
                Some("put it in brackets: [\"x\"]"),
            ),
            (
                "promise = 3",
                "gary.toml:2:11: promise: it is the number 3 and has to be a table",
                None,
            ),
            (
                "[grant]\nlisten = \"yes\"",
                "gary.toml:3:10: grant.listen: it is the text \"yes\" and has to be true or false",
                None,
            ),
            (
                "[update]\nmax_surge = -1",
                "gary.toml:3:13: update.max_surge: it is the number -1 and has to be a whole number \
                 from 0",
                None,
            ),
            (
                "[config]\ntheme = true",
                "gary.toml:3:9: config.theme: it is true and has to be text in quotes",
                None,
            ),
            (
                "[http]\naddr = \"127.0.0.1:99999\"",
                "gary.toml:3:8: http.addr: `127.0.0.1:99999` is not an address to serve on: its port \
                 is more than 65535",
                Some("write ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080"),
            ),
            (
                "[promise]\nstore = \"mine\"",
                "gary.toml:3:9: promise.store: it is `mine` and has to be `per-replica`",
                None,
            ),
            (
                "[update]\nmax_surge = 0",
                "gary.toml:3:1: with max_surge and max_unavailable both 0 no replica could ever be \
                 replaced",
                Some("set one of them to 1"),
            ),
            (
                "[run]\nquiet = true\nverbose = 1",
                "gary.toml:3:1: quiet and verbose exclude each other",
                Some("leave one of them out"),
            ),
            (
                "[build]\ncommand = \" \"",
                "gary.toml:3:1: the build command is empty",
                Some("write a command, or leave [build] out"),
            ),
            (
                "[build]\nwatch = [\"src\"]",
                "gary.toml:2:1: build: missing key `command`",
                None,
            ),
        ] {
            let error = refused(&format!("{COMPONENT}{text}"));
            assert_eq!(error.to_string(), message);
            assert_eq!(error.hint().as_deref(), hint, "{message}");
        }
    }

    #[test]
    fn says_where_the_toml_breaks_off() {
        for (text, line, column) in [
            ("name = ", 1, 8),
            ("name = \"x\"\nnäme = 1", 2, 2),
            ("name = \"a\"\r\nname = \"b\"", 2, 1),
            ("[promise", 1, 9),
        ] {
            let error = refused(text);
            assert!(matches!(error.problem(), Problem::Syntax { .. }), "{error}");
            assert_eq!((error.line(), error.column()), (line, column), "{error}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_manifest_names_a_component() {
        for text in ["", "name = \"x\"", "[build]\ncommand = \"make\""] {
            assert_eq!(
                refused(text).to_string(),
                "gary.toml:1:1: missing key `component`"
            );
        }
        let error = refused("name = \"x\"\ncomponent = \"https://example.com/a.wasm\"");
        assert_eq!(
            error.to_string(),
            "gary.toml:2:1: a component from the web needs its digest"
        );
    }

    #[test]
    fn a_mistyped_key_comes_before_the_one_it_leaves_missing() {
        let error = refused("componnet = \"a.wasm\"");
        assert_eq!(error.nearest(), Some("component"));
    }

    #[test]
    fn refuses_a_file_that_is_too_long() {
        let error = refused(&"#".repeat(MANIFEST_BYTES_MAX + 1));
        assert_eq!(
            error.to_string(),
            "gary.toml:1:1: the file has 262145 bytes, more than the 262144 that are read"
        );
    }

    #[test]
    fn deep_nesting_is_refused_and_not_fatal() {
        refused(&format!("a = {}", "[".repeat(100_000)));
        refused(&format!("a = {}", "{ a = ".repeat(20_000)));
        refused(&format!("a{} = 1", ".a".repeat(100_000)));
    }

    proptest! {
        #[test]
        fn never_panics(text in "([a-z\\[\\]{}.=\"' \n#0-9ä]|component|promise|env){0,60}") {
            let _ = Manifest::parse(&text);
        }
    }
}

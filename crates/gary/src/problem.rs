//! What is told to a person when something fails: what, why as observed, what to try, and the code.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use gary_manifest::ParseError;

use crate::cli::Cli;
use crate::console;
use crate::report::Reporter;

/// The exit codes of docs/exit-codes.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Something failed.
    Failure = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// A file or a manifest makes no sense.
    BadInput = 3,
    /// An interface is missing.
    MissingInterface = 4,
    /// What was asked for is in somebody's way, such as an address in use.
    Conflict = 5,
    /// No majority of those who keep a name has answered.
    NoMajority = 6,
    /// What was named is not there.
    NotFound = 7,
    /// No node answers.
    Unreachable = 8,
    /// Somebody's policy does not allow it.
    Refused = 9,
    /// A time limit was reached.
    TimedOut = 124,
    /// A signal came before it was done.
    Interrupted = 130,
    /// The guest trapped.
    Trapped = 134,
}

/// Something that failed, in words.
#[derive(Debug)]
pub(crate) struct Problem {
    /// The exit code.
    pub(crate) code: Code,
    /// What failed.
    pub(crate) what: String,
    /// Why, as observed, line by line.
    pub(crate) why: Vec<String>,
    /// What to try, where there is something.
    pub(crate) hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: Code, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            why: Vec::new(),
            hint: None,
        }
    }

    /// Adds why it failed, each line of it by itself.
    pub(crate) fn why(mut self, why: impl ToString) -> Self {
        self.why.extend(why.to_string().lines().map(str::to_owned));
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Shows what clap has to say: help as a result, a mistake as every other error.
pub(crate) fn usage(error: clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match console::out(&error.render().to_string()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(problem) => told(&problem),
        };
    }
    let refused =
        std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<ParseError>());
    let problem = match (error.kind(), refused) {
        (_, Some(refused)) => {
            let flag = context(&error, ContextKind::InvalidArg).unwrap_or_default();
            Problem::new(Code::Usage, format!("bad value for {flag}"))
                .why(refused)
                .hint(refused.hint())
        }
        (ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand, None) => unknown(&error),
        (ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, None) => {
            console::err(&error.render().to_string());
            return ExitCode::from(Code::Usage as u8);
        }
        _ => rendered(&error),
    };
    told(&problem)
}

/// The exit code of what is done, or of why it is not, which is told.
pub(crate) fn code_of(done: Result<(), Problem>) -> u8 {
    match done {
        Ok(()) => 0,
        Err(problem) => {
            Reporter::plain().problem(&problem);
            problem.code as u8
        }
    }
}

fn told(problem: &Problem) -> ExitCode {
    Reporter::plain().problem(problem);
    ExitCode::from(problem.code as u8)
}

fn unknown(error: &clap::Error) -> Problem {
    let (kind, what) = match error.kind() {
        ErrorKind::InvalidSubcommand => (ContextKind::InvalidSubcommand, "command"),
        _ => (ContextKind::InvalidArg, "argument"),
    };
    let given = context(error, kind).unwrap_or_default();
    let problem = Problem::new(Code::Usage, format!("there is no {what} {given}"));
    let given = given.trim_matches('`');
    if what == "command" && is_workload(given) {
        return problem.hint(format!("gary run {given}"));
    }
    let near = context(error, ContextKind::SuggestedArg)
        .or_else(|| context(error, ContextKind::SuggestedSubcommand));
    match near.or_else(|| reordered(given).map(|near| format!("`{near}`"))) {
        Some(near) => problem.hint(format!("did you mean {near}?")),
        None if what == "command" => problem.hint("gary --help"),
        None if given.starts_with('-') => problem.hint("add --help to see what it takes"),
        None => problem.hint(match usage_of(error) {
            usage if usage.contains("ARGS") => {
                format!("put what is for the guest behind `--`: -- {given}")
            }
            usage if usage.contains("CALL") => {
                "write the arguments in the call: 'func(ARGS)'".to_owned()
            }
            _ => "add --help to see what it takes".to_owned(),
        }),
    }
}

/// Whether what stands in a command's place is something that can be run.
fn is_workload(given: &str) -> bool {
    let path = Path::new(given);
    let extension = path.extension().and_then(OsStr::to_str);
    matches!(extension, Some("wasm" | "toml")) || path.join("gary.toml").is_file()
}

/// The command with the same letters in another order, which clap takes to be too far off where it
/// is a short one.
fn reordered(given: &str) -> Option<String> {
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    let commands = Cli::command();
    let mut names = commands.get_subcommands().map(clap::Command::get_name);
    let near = names.find(|name| sorted(name) == sorted(given))?;
    Some(near.to_owned())
}

/// How the command is used that has been typed.
fn usage_of(error: &clap::Error) -> String {
    match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => String::new(),
    }
}

/// clap's own words, without the layout around them.
fn rendered(error: &clap::Error) -> Problem {
    let text = error.render().to_string();
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let what = lines.next().unwrap_or("the command line makes no sense");
    let mut problem = Problem::new(Code::Usage, what.trim_start_matches("error: "));
    problem.why = lines
        .filter(|line| !line.starts_with("Usage:"))
        .map(str::to_owned)
        .collect();
    problem.hint("add --help to see what it takes")
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(format!("`{text}`")),
        ContextValue::Strings(texts) => Some(format!("`{}`", texts.join("`, `"))),
        _ => None,
    }
}

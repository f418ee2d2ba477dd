//! `gary call`: calls one exported function and prints what it returns.

use std::sync::Arc;

use gary_host::{Call, CallError, Callable, Failure, Mistake, Returned, Stdio};

use crate::cli::CallArgs;
use crate::console;
use crate::diagnostics;
use crate::event::By;
use crate::linked::Linked;
use crate::load;
use crate::open_files;
use crate::problem::{Code, Problem};
use crate::report::Reporter;
use crate::run::{self, failed};
use crate::target::Target;

/// Exported functions named where one was not found.
const FUNCTIONS_SHOWN: usize = 8;

/// Characters of a call that is repeated to point at a mistake in it.
const POINTED_AT_CHARS_MAX: usize = 100;

pub(crate) fn main(typed: CallArgs) -> u8 {
    let mut flags = typed.workload.flags(&typed.output);
    flags.timeout = typed.time.timeout;
    let reporter = run::early_reporter(&flags);
    let target =
        match open_files::suffice().and_then(|()| Target::resolve(&typed.workload.what, flags)) {
            Ok(target) => target,
            Err(problem) => return failed(&reporter, &problem),
        };
    let reporter = Arc::new(Reporter::of(&target.workload));
    diagnostics::tell(&reporter);
    match call(&target, &typed.call, &reporter) {
        Ok(Ok(returned)) => {
            if !returned.wave.is_empty()
                && let Err(problem) = console::out(&format!("{}\n", returned.wave))
            {
                return failed(&reporter, &problem);
            }
            let code = u8::from(returned.is_err);
            reporter.exit(code, By::Guest);
            code
        }
        Ok(Err(code)) => {
            reporter.exit(code as u8, By::Gary);
            code as u8
        }
        Err(problem) => failed(&reporter, &problem),
    }
}

/// The inner error is of a failure that has been told already.
fn call(
    target: &Target,
    text: &str,
    reporter: &Arc<Reporter>,
) -> Result<Result<Returned, Code>, Problem> {
    let program = load::load(target, reporter)?;
    let call = Call::parse(&program, text).map_err(|error| cannot_call(target, text, &error))?;
    let linked = Linked::new(target, &program, Stdio::Inherit, reporter)?;
    let returned = run::on_this_thread(linked.replica.call(&call))?;
    linked.tell_end(&returned, |returned| !returned.is_err, reporter);
    match returned {
        Ok(returned) => Ok(Ok(returned)),
        Err(Failure::Exit(code)) => Err(Problem::new(Code::Failure, "the function did not return")
            .why(format!("the guest exited with code {code}"))),
        Err(failure) => run::told(target, &failure, reporter).map(Err),
    }
}

fn cannot_call(target: &Target, text: &str, error: &CallError) -> Problem {
    let code = match error {
        CallError::NoFunction { .. } => Code::NotFound,
        CallError::NotPlain(_) => Code::BadInput,
        _ => Code::Usage,
    };
    let path = target.component.display();
    let mut problem = Problem::new(code, format!("cannot call {text} of {path}")).why(error);
    let functions = match error {
        CallError::Syntax { mistake, of } | CallError::Arguments { mistake, of } => {
            problem = problem.why(pointed_at(text, mistake).unwrap_or_default());
            std::slice::from_ref(&**of)
        }
        CallError::NotPlain(of) => std::slice::from_ref(&**of),
        CallError::Ambiguous { among, .. } => among,
        CallError::NoFunction { exported, .. } if exported.is_empty() => {
            return problem.why("it exports no function at all");
        }
        CallError::NoFunction { exported, .. } => exported,
    };
    for function in &functions[..functions.len().min(FUNCTIONS_SHOWN)] {
        problem = problem.why(format!("{}: {}", function.name, function.signature));
    }
    if let [function] = functions {
        problem = function.types.iter().fold(problem, Problem::why);
    }
    if functions.len() > FUNCTIONS_SHOWN {
        problem = problem.why(format!("and {} more", functions.len() - FUNCTIONS_SHOWN));
    }
    match example(functions, error) {
        Some(example) => problem.hint(typed(target, example)),
        None => problem.hint(format!("gary inspect {path}")),
    }
}

/// A call to try instead: of the function whose name begins most like the one that was given.
fn example<'a>(functions: &'a [Callable], error: &CallError) -> Option<&'a str> {
    let wanted = match error {
        CallError::NoFunction { name, .. } => own_name(name),
        _ => "",
    };
    let alike = |function: &&Callable| {
        let both = own_name(&function.name).chars().zip(wanted.chars());
        both.take_while(|(a, b)| a == b).count()
    };
    let can_be_called = functions.iter().filter(|any| any.example.is_some());
    // Of those that are as good as each other the last one would count.
    can_be_called.rev().max_by_key(alike)?.example.as_deref()
}

/// A function's name without its interface.
fn own_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The call, and a mark below what the mistake is about; nothing where it does not fit on a line.
fn pointed_at(text: &str, mistake: &Mistake) -> Option<String> {
    let before = text.get(..mistake.at.start)?;
    let about = text.get(mistake.at.clone())?;
    if text.chars().count() > POINTED_AT_CHARS_MAX || text.contains(char::is_control) {
        let column = before.chars().count() + 1;
        return Some(format!("that is at character {column} of the call"));
    }
    let (indent, width) = (before.chars().count(), about.chars().count().max(1));
    Some(format!(
        "  {text}\n  {}{}",
        " ".repeat(indent),
        "^".repeat(width)
    ))
}

/// The command line of a call, quoted for the shell.
pub(crate) fn typed(target: &Target, call: &str) -> String {
    let quoted = format!("'{}'", call.replace('\'', r"'\''"));
    format!("gary call {} {quoted}", target.component.display())
}

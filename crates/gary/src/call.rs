//! `gary call`: calls one exported function and prints what it returns.

use std::sync::Arc;

use gary_host::{Call, CallError, Returned, Stdio};
use tokio::runtime;

use crate::cli::CallArgs;
use crate::console;
use crate::event::By;
use crate::load;
use crate::problem::{Code, Problem};
use crate::report::Reporter;
use crate::run::{self, failed};
use crate::target::Target;

/// Exported functions named where one was not found.
const EXPORTED_SHOWN: usize = 8;

pub(crate) fn main(typed: CallArgs) -> u8 {
    let flags = typed.workload.flags();
    let reporter = run::early_reporter(&flags);
    let target = match Target::resolve(&typed.workload.what, flags) {
        Ok(target) => target,
        Err(problem) => return failed(&reporter, &problem),
    };
    let reporter = Arc::new(Reporter::of(&target.workload));
    match call(&target, &typed.call, &reporter) {
        Ok(Ok(returned)) => {
            if !returned.wave.is_empty() {
                console::out(&format!("{}\n", returned.wave));
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
    let (replica, denials) = run::link(target, &program, Stdio::Inherit, reporter)?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::new(Code::Failure, "cannot start threads").why(error))?;
    let returned = runtime.block_on(replica.call(&call));
    runtime.shutdown_background();
    if !matches!(&returned, Ok(returned) if !returned.is_err) {
        denials.at_a_bad_end(&replica);
    }
    if let Err(gary_host::Failure::TimedOut(_)) = returned {
        // It may be stuck in a write to stderr, and whoever writes there next would be too.
        reporter.detach();
    }
    reporter.usage(replica.usage(), program.compiled_in());
    match returned {
        Ok(returned) => Ok(Ok(returned)),
        Err(gary_host::Failure::Exit(code)) => {
            Err(Problem::new(Code::Failure, "the function did not return")
                .why(format!("the guest exited with code {code}")))
        }
        Err(failure) => run::told(target, &failure, reporter).map(Err),
    }
}

fn cannot_call(target: &Target, text: &str, error: &CallError) -> Problem {
    let (code, hint) = match error {
        CallError::Syntax(_) => (
            Code::Usage,
            Some("quote the call for the shell: 'func(1, \"two\", [3])'".to_owned()),
        ),
        CallError::NoFunction { exported, .. } => {
            let shown = &exported[..exported.len().min(EXPORTED_SHOWN)];
            let hint = match shown.is_empty() {
                true => "it exports no function at all".to_owned(),
                false => format!("one of {}", shown.join(", ")),
            };
            (Code::NotFound, Some(hint))
        }
        CallError::Ambiguous { among, .. } => (Code::Usage, among.first().cloned()),
        CallError::Arguments { .. } => (Code::Usage, None),
        CallError::NotPlain(_) => (Code::BadInput, None),
    };
    let problem = Problem::new(
        code,
        format!("cannot call {text} of {}", target.component.display()),
    )
    .why(error);
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

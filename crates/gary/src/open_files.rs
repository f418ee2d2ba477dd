//! How many files the system lets Gary have open at once; each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::problem::{Code, Problem};

/// Fewer than these do not suffice for a runtime, its signals, the cache and one component.
const FILES_MIN: u64 = 32;

/// Refuses to start where the limit would be reached in the middle of it, in places that cannot tell.
pub(crate) fn suffice() -> Result<(), Problem> {
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < FILES_MIN => {
            let why = format!("the system allows {limit} open files; Gary needs {FILES_MIN}");
            Err(Problem::new(Code::Failure, "cannot start")
                .why(why)
                .hint(format!("ulimit -n {}", FILES_MIN * 32)))
        }
        _ => Ok(()),
    }
}

/// Takes all that the system would give: the soft limit of most systems is a low one.
pub(crate) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // With the old limit, connections past it wait; that is no reason to stop.
    let _ = setrlimit(Resource::Nofile, raised);
}

//! Waiting until what is wanted runs, or has run.

use std::time::{Duration, Instant};

use gary_node::api::{FailureWord, HostedShown, RunShown, WorkloadShown};
use gary_node::client::{AskError, Client};

use super::typed::WaitArgs;
use super::{asked, context};
use crate::console;
use crate::problem::{Code, Problem};
use crate::report::Reporter;
use crate::run;

/// How often it is looked.
const LOOKS_EVERY: Duration = Duration::from_millis(50);

/// What runs from beginning to end is taken for running once it has for as long.
const PROVEN_AFTER_MS: u64 = 1_000;

/// What fits nowhere is told so after as long: whoever was asked has answered by then.
const TELLS_AFTER: Duration = Duration::from_secs(3);

/// Of as many troubles it is told why not all replicas run.
const TROUBLES_MAX: usize = 8;

/// `gary wait`: its code is that of the first run that has failed.
pub(crate) fn main(typed: &WaitArgs) -> u8 {
    let until = typed.timeout.map(|its| Instant::now() + its.duration());
    let waited = run::on_this_thread(async {
        let client = context::client().await?;
        let first = client.workload(&typed.name).await.map_err(asked)?;
        match first.kind.as_str() {
            _ if first.is_stopped => {
                let what = format!("{} is stopped", typed.name);
                let hint = format!("gary restart {}", typed.name);
                Err(Problem::new(Code::Conflict, what).hint(hint))
            }
            "service" => {
                let (generation, replicas) = (first.generation, first.replicas);
                until_it_runs(&client, &typed.name, (generation, replicas), until).await?;
                Ok(0)
            }
            "schedule" => {
                let what = format!("{} runs again and again, and is never over", typed.name);
                Err(Problem::new(Code::BadInput, what).hint(format!("gary why {}", typed.name)))
            }
            _ => until_it_is_over(&client, &typed.name, until).await,
        }
    });
    match waited.and_then(|code| code) {
        Ok(code) => code,
        Err(problem) => {
            Reporter::plain().problem(&problem);
            problem.code as u8
        }
    }
}

/// Waits until all replicas of a generation run.
pub(super) async fn until_it_runs(
    client: &Client,
    name: &str,
    (generation, replicas): (u64, u32),
    until: Option<Instant>,
) -> Result<(), Problem> {
    let begun = Instant::now();
    let mut is_told = false;
    loop {
        let workload = find(client, name).await?;
        let running = match &workload {
            Some(its) if its.generation == generation => steady(its),
            Some(its) if its.generation > generation => {
                let what = format!("generation {generation} of {name} is superseded");
                return Err(Problem::new(Code::Conflict, what)
                    .why(format!("generation {} stands", its.generation)));
            }
            _ => 0,
        };
        if running >= replicas as usize {
            return Ok(());
        }
        let refusals = || workload.iter().flat_map(WorkloadShown::obstacles);
        if until.is_some_and(|until| Instant::now() > until) {
            let what = format!("{running} of {replicas} replicas of {name} run");
            let mut problem = Problem::new(Code::TimedOut, what);
            let troubles = workload.iter().flat_map(WorkloadShown::troubles);
            for trouble in troubles.take(TROUBLES_MAX) {
                problem = problem.why(console::harmless(&trouble));
            }
            return Err(problem.hint(format!("the deploy stands; gary why {name} says more")));
        }
        if !is_told && begun.elapsed() > TELLS_AFTER && refusals().next().is_some() {
            is_told = true;
            eprintln!("note: {running} of {replicas} replicas run");
            for refusal in refusals() {
                eprintln!("note: {}: {}", refusal.node, refusal.why);
            }
        }
        tokio::time::sleep(LOOKS_EVERY).await;
    }
}

async fn until_it_is_over(
    client: &Client,
    name: &str,
    until: Option<Instant>,
) -> Result<u8, Problem> {
    loop {
        let workload = client.workload(name).await.map_err(asked)?;
        let over = Vec::from_iter(workload.runs.iter().filter(|its| its.is_over));
        if over.len() >= workload.replicas as usize {
            let mut code = 0;
            for run in over {
                let ended = run.ended.as_deref().unwrap_or_default();
                let line = format!("{name} replica {} on {}: {ended}\n", run.slot, run.node);
                console::out(&console::harmless(&line))?;
                if code == 0 {
                    code = code_of(run);
                }
            }
            return Ok(code);
        }
        if until.is_some_and(|until| Instant::now() > until) {
            let (over, replicas) = (over.len(), workload.replicas);
            let what = format!("{over} of {replicas} runs of {name} are over");
            return Err(Problem::new(Code::TimedOut, what).hint(format!("gary why {name}")));
        }
        tokio::time::sleep(LOOKS_EVERY).await;
    }
}

/// What `gary run` of it would have ended with.
fn code_of(run: &RunShown) -> u8 {
    let code = match (run.status, run.failure) {
        (Some(status), _) => return run::exit_code(status.cast_signed()),
        (None, Some(FailureWord::Trapped)) => Code::Trapped,
        (None, Some(FailureWord::TimedOut)) => Code::TimedOut,
        _ => Code::Failure,
    };
    code as u8
}

/// How many replicas run, and do not end as soon as they have started.
fn steady(workload: &WorkloadShown) -> usize {
    let is_steady = |host: &HostedShown| {
        let since_ms = host.since_ms.unwrap_or(workload.seen_at_ms);
        host.serves || workload.seen_at_ms.saturating_sub(since_ms) >= PROVEN_AFTER_MS
    };
    let hostings = workload.hostings.iter();
    let steady = hostings.filter(|its| {
        let is_current = its.generation == workload.generation;
        is_current && its.is_sound() && its.host.as_ref().is_none_or(is_steady)
    });
    steady.count()
}

/// The workload of a name; nothing where nobody who answers keeps it yet.
async fn find(client: &Client, name: &str) -> Result<Option<WorkloadShown>, Problem> {
    match client.workload(name).await {
        Ok(workload) => Ok(Some(workload)),
        // Its keepers may be about to answer.
        Err(AskError::Refused {
            status: 404 | 503, ..
        }) => Ok(None),
        Err(error) => Err(asked(error)),
    }
}

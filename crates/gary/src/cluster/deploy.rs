//! `gary deploy`, `gary scale` and `gary rm`: what a person wants a cluster to run.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gary_host::{Artifact, HostPattern, Kind as GuestKind, Stdio};
use gary_node::api::SettlementWord;
use gary_node::client::{Client, Deployed, Deployment, Kind, Person};
use gary_node::{Reachable, ReachableHost, RunSpec};

use super::{context, not_deployed, waiting};
use crate::cli::DeployArgs;
use crate::console;
use crate::denied::Denials;
use crate::linked::Linked;
use crate::load;
use crate::places;
use crate::problem::{self, Code, Problem};
use crate::report::Reporter;
use crate::run::{early_reporter, nothing_to_run};
use crate::target::Target;

/// Processor time that a replica is promised where nothing says how much: a tenth of a core.
const CPU_CORES_MICRO: u64 = 100_000;

/// Memory that a replica is promised where nothing says how much.
const MEMORY_BYTES: u64 = 64 << 20;

/// How long it is waited for replicas to run.
const WAITS_FOR: Duration = Duration::from_secs(60);

/// How often it is looked.
const LOOKS_EVERY: Duration = Duration::from_millis(50);

pub(crate) fn main(typed: DeployArgs) -> u8 {
    let mut flags = typed.workload.flags(&typed.output);
    flags.args.clone_from(&typed.args);
    let reporter = Arc::new(early_reporter(&flags));
    problem::code_of(
        Target::resolve(&typed.workload.what, flags)
            .and_then(|target| deploy(&typed, &target, &reporter)),
    )
}

fn deploy(typed: &DeployArgs, target: &Target, reporter: &Arc<Reporter>) -> Result<(), Problem> {
    let deployment = deployment(typed, target, reporter)?;
    let waits = typed.wait || (std::io::stdout().is_terminal() && !typed.no_wait);
    let (name, replicas) = (deployment.name.clone(), deployment.replicas);
    waiting(async {
        let (client, person) = (context::client().await?, person()?);
        let deployed = client.deploy(&person, deployment, &typed.ack).await;
        let deployed = deployed.map_err(not_deployed)?;
        tell(&name, &deployed)?;
        match waits && !typed.job {
            true => wait(&client, &name, deployed.generation, replicas).await,
            false => Ok(()),
        }
    })
}

/// Has another number of replicas of what stands; none deletes it.
pub(crate) fn scale(name: &str, replicas: u32) -> u8 {
    problem::code_of(waiting(async {
        let (client, person) = (context::client().await?, person()?);
        let standing = client.standing(name).await.map_err(not_deployed)?;
        let standing = standing.ok_or_else(|| {
            Problem::new(Code::NotFound, format!("no workload is called {name}")).hint("gary ps")
        })?;
        let scaled = client.scale(&person, &standing, replicas).await;
        tell(name, &scaled.map_err(not_deployed)?)
    }))
}

fn person() -> Result<Person, Problem> {
    Person::of(&places::config()?).map_err(|error| not_deployed(error.into()))
}

/// Tells what has become of it.
fn tell(name: &str, deployed: &Deployed) -> Result<(), Problem> {
    let (generation, settlement) = (deployed.generation, &deployed.settlement);
    let refused = |code| {
        let what = format!("generation {generation} of {name} is not committed");
        Err(Problem::new(code, what).why(&settlement.detail))
    };
    match settlement.verdict {
        SettlementWord::Committed => {
            let keepers = settlement.keepers;
            let majority = keepers / 2 + 1;
            console::out(&format!(
                "committed {name} gen {generation} ({majority}/{keepers} keepers)\n"
            ))
        }
        SettlementWord::Pending => {
            eprintln!("note: {}", settlement.detail);
            console::out(&format!("pending {name} gen {generation}\n"))
        }
        SettlementWord::Conflict | SettlementWord::NameTaken | SettlementWord::OtherKind => {
            refused(Code::Conflict)
        }
        SettlementWord::NotFound => refused(Code::NotFound),
        SettlementWord::NotAllowed => refused(Code::Refused),
        SettlementWord::NoMajority => refused(Code::NoMajority),
    }
}

/// Waits until all replicas run.
async fn wait(client: &Client, name: &str, generation: u64, replicas: u32) -> Result<(), Problem> {
    let until = Instant::now() + WAITS_FOR;
    loop {
        let workloads = client.workloads().await.map_err(super::asked)?;
        let its = workloads.iter().find(|its| its.name == name);
        let kept = its.map_or(0, |its| {
            let hostings = its.hostings.iter();
            hostings
                .filter(|its| its.runs && its.state == "kept" && its.generation == generation)
                .count()
        });
        if kept >= replicas as usize {
            return Ok(());
        }
        if Instant::now() > until {
            let mut problem = Problem::new(
                Code::TimedOut,
                format!("{kept} of {replicas} replicas of {name} run"),
            );
            for refusal in its.into_iter().flat_map(|its| &its.refusals) {
                problem = problem.why(refusal);
            }
            return Err(problem.hint("the deploy stands; gary ps shows how it goes on"));
        }
        tokio::time::sleep(LOOKS_EVERY).await;
    }
}

/// What no node could run is refused here.
fn check(
    typed: &DeployArgs,
    target: &Target,
    artifact: &Artifact,
    reporter: &Arc<Reporter>,
) -> Result<(), Problem> {
    let program = load::program(target, artifact, reporter)?;
    match program.kind() {
        GuestKind::Library => return Err(nothing_to_run(target, &program)),
        GuestKind::Http(_) if typed.job => {
            return Err(Problem::new(Code::BadInput, "a job comes to an end")
                .why("this component serves, and never does")
                .hint("deploy it without --job"));
        }
        GuestKind::Http(_) | GuestKind::Command(_) => {}
    }
    Linked::new(target, &program, Stdio::Null, reporter).map(drop)
}

fn deployment(
    typed: &DeployArgs,
    target: &Target,
    reporter: &Arc<Reporter>,
) -> Result<Deployment, Problem> {
    let workload = &target.workload;
    let name = workload.name.to_string();
    if !workload.dirs.is_empty() {
        return Err(
            Problem::new(Code::BadInput, format!("cannot deploy {name}"))
                .why("it is granted directories, and those are on one machine")
                .hint("gary run runs it here"),
        );
    }
    if workload.store.is_some() {
        return Err(
            Problem::new(Code::BadInput, format!("cannot deploy {name}"))
                .why("it names a store, and nodes do not keep stores of workloads yet")
                .hint("gary run runs it here"),
        );
    }
    let artifact = load::artifact(target, reporter)?;
    check(typed, target, &artifact, reporter)?;
    let denials = Denials::of(workload, reporter);
    let granted = crate::grants::spec(target, Stdio::Null, reporter, &denials)?;
    let net = granted.net.into_iter().map(|grant| Reachable {
        host: match grant.host {
            HostPattern::Any => ReachableHost::Any,
            HostPattern::Name(name) => ReachableHost::Name(name),
            HostPattern::Suffix(name) => ReachableHost::Subdomains(name),
            HostPattern::Ip(address) => ReachableHost::Address(address.to_string()),
            HostPattern::Cidr(block) => ReachableHost::Address(block.to_string()),
        },
        port: grant.port,
    });
    let limits = granted.limits;
    Ok(Deployment {
        name,
        digest: *artifact.digest().as_bytes(),
        component: artifact.bytes().to_vec(),
        replicas: typed.replicas.unwrap_or_else(|| workload.replicas.get()),
        cpu_cores_micro: workload
            .cpu
            .map_or(CPU_CORES_MICRO, |cpu| cpu.cores_micro().into()),
        memory_bytes: limits.memory_bytes.unwrap_or(MEMORY_BYTES),
        kind: match typed.job {
            true => Kind::Job,
            false => Kind::Service,
        },
        hosts: workload.http_host.iter().map(ToString::to_string).collect(),
        labels: workload.place.require.clone().into_iter().collect(),
        max_surge: workload.update.max_surge,
        max_unavailable: workload.update.max_unavailable,
        spec: RunSpec {
            program: granted.program,
            args: granted.args,
            env: granted.env,
            net: net.collect(),
            listen: granted.listen,
            config: granted.config,
            instance_memory_bytes: limits.instance_memory_bytes,
            timeout_ms: limits.timeout.map(|its| its.as_millis() as u64),
            concurrency_max: limits.concurrency_max,
            reuse: limits.reuse,
            body_bytes_max: limits.body_bytes_max,
        },
    })
}

//! `gary deploy`: what a person wants a cluster to run.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Instant;

use gary_host::{Artifact, HostPattern, Kind as GuestKind, Stdio};
use gary_manifest::{Count, Flags, Period, StoreScope, Workload};
use gary_node::api::SettlementWord;
use gary_node::client::{Client, Deployed, Deployment, Kind, Moved, Person};
use gary_node::{HealthCheck, Reachable, ReachableHost, RunSpec, StoresOf};

use super::typed::{DeployArgs, HowArgs};
use super::wait::until_it_runs;
use super::{context, not_deployed, plan, waiting};
use crate::cli::RunArgs;
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

/// What a component imports that uses keyvalue stores.
const KEYVALUE: &str = "wasi:keyvalue/";

pub(crate) fn main(typed: DeployArgs) -> u8 {
    let mut flags = typed.workload.flags(&typed.output);
    flags.args.clone_from(&typed.args);
    start(&typed, flags)
}

/// `gary run --detach`: as it would run here, once.
pub(crate) fn detached(typed: RunArgs) -> u8 {
    let flags = typed.flags();
    let typed = DeployArgs {
        workload: typed.workload,
        args: typed.args,
        how: HowArgs::default(),
        output: typed.output,
    };
    start(&typed, flags)
}

fn start(typed: &DeployArgs, flags: Flags) -> u8 {
    let reporter = Arc::new(early_reporter(&flags));
    problem::code_of(
        Target::resolve(&typed.workload.what, flags)
            .and_then(|target| deploy(typed, &target, &reporter)),
    )
}

fn deploy(typed: &DeployArgs, target: &Target, reporter: &Arc<Reporter>) -> Result<(), Problem> {
    let deployment = deployment(typed, target, reporter)?;
    let waits = typed.how.wait || (std::io::stdout().is_terminal() && !typed.how.no_wait);
    let (name, replicas) = (deployment.name.clone(), deployment.replicas);
    let is_service = matches!(deployment.kind, Kind::Service { .. });
    waiting(async {
        let client = context::client().await?;
        if typed.how.plan {
            let left_by = (typed.how.ack == "local").then(person).transpose()?;
            return plan::show(&client, deployment, left_by.as_ref(), typed.output.json).await;
        }
        let person = person()?;
        let deployed = client.deploy(&person, deployment, &typed.how.ack).await;
        let deployed = deployed.map_err(not_deployed)?;
        tell(&name, &deployed)?;
        let unfit = client.unfit(&deployed).await.unwrap_or_default();
        for why in plan::nobody_could(&unfit) {
            eprintln!("note: {why}");
        }
        let is_pending = deployed.settlement.verdict == SettlementWord::Pending;
        if let (Some(before), now) = deployed.replicas
            && before != now
            && !is_pending
            && typed.how.replicas.is_none()
        {
            eprintln!("note: {name} has {now} replicas now, and had {before}");
        }
        if !is_pending {
            tell_of_taken_hosts(&client, &name).await;
        }
        if !waits || !is_service || is_pending {
            return Ok(());
        }
        let until = Instant::now() + typed.how.timeout.duration();
        until_it_runs(&client, &name, (deployed.generation, replicas), Some(until)).await
    })
}

/// Says so where another workload answers for a host that this one wants.
async fn tell_of_taken_hosts(client: &Client, name: &str) {
    // It is deployed, whether or not this can be told: a keeper may not answer any more.
    let Ok(workload) = client.workload(name).await else {
        return;
    };
    for taken in workload.taken {
        eprintln!("note: {taken}");
    }
}

pub(super) fn person() -> Result<Person, Problem> {
    Person::of(&places::config()?).map_err(|error| not_deployed(error.into()))
}

/// Tells what has become of it.
pub(super) fn tell(name: &str, deployed: &Deployed) -> Result<(), Problem> {
    tell_as("committed", name, deployed)
}

/// Tells what has become of it, in the word for what was wanted.
pub(super) fn tell_as(word: &str, name: &str, deployed: &Deployed) -> Result<(), Problem> {
    let (generation, settlement) = (deployed.generation, &deployed.settlement);
    let is_kept = matches!(
        settlement.verdict,
        SettlementWord::Committed | SettlementWord::Pending
    );
    if is_kept {
        tell_moved(name, deployed.moved.as_ref());
    }
    let refused = |code| {
        let what = format!("generation {generation} of {name} is not committed");
        Err(Problem::new(code, what).why(&settlement.detail))
    };
    match settlement.verdict {
        SettlementWord::Committed => {
            let keepers = settlement.keepers;
            let majority = keepers / 2 + 1;
            console::out(&format!(
                "{word} {name} gen {generation} ({majority}/{keepers} keepers)\n"
            ))
        }
        SettlementWord::Pending => {
            eprintln!("note: {}", settlement.detail);
            console::out(&format!("pending {name} gen {generation}\n"))?;
            eprintln!("try: gary pending");
            eprintln!("     gary pending withdraw {name}");
            Ok(())
        }
        SettlementWord::Conflict | SettlementWord::NameTaken | SettlementWord::OtherKind => {
            refused(Code::Conflict)
        }
        SettlementWord::NotFound => refused(Code::NotFound),
        SettlementWord::NotAllowed => refused(Code::Refused),
        SettlementWord::NoMajority => refused(Code::NoMajority).map_err(|problem| {
            problem.hint(format!(
                "gary nodes shows who is there; gary history {name} says once a majority is what became of it"
            ))
        }),
    }
}

/// Tells that what was in its stores is elsewhere, and stays there.
pub(super) fn tell_moved(name: &str, moved: Option<&Moved>) {
    if let Some(Moved { from, to }) = moved {
        eprintln!(
            "note: {name} has its store on {to} now, empty unless it was there before: the one on \
             {from} stays there until {name} is deleted"
        );
    }
}

/// Whether it runs on and on, by what is typed and what gary.toml says.
fn kind(typed: &HowArgs, workload: &Workload) -> Kind {
    let job = workload.job.as_ref();
    let retries = job.and_then(|job| job.retries).map_or(0, Count::get);
    let every = typed.every.or(job.and_then(|job| job.every));
    match every {
        Some(every) => Kind::Schedule {
            every_ms: millis(every),
            retries,
        },
        None if typed.job || job.is_some() => Kind::Job { retries },
        None => Kind::Service {
            exclusive: typed.exclusive || workload.exclusive,
        },
    }
}

fn millis(period: Period) -> u64 {
    u64::try_from(period.duration().as_millis()).unwrap_or(u64::MAX)
}

/// What no node could run is refused here. Gives the interfaces that it imports, which a node has to promise that runs it.
fn check(
    kind: Kind,
    target: &Target,
    artifact: &Artifact,
    reporter: &Arc<Reporter>,
) -> Result<Vec<String>, Problem> {
    let program = load::look_at(target, artifact, reporter)?;
    match program.kind() {
        GuestKind::Library => return Err(nothing_to_run(target, &program)),
        GuestKind::Http(_) if !matches!(kind, Kind::Service { .. }) => {
            return Err(Problem::new(Code::BadInput, "a job comes to an end")
                .why("this component serves, and never does")
                .hint("deploy it without --job or --every, and without [job] in gary.toml"));
        }
        GuestKind::Command(_) if target.workload.health.is_some() => {
            return Err(
                Problem::new(Code::BadInput, "a command has no health to ask for")
                    .why("gary.toml has [health], and this component does not answer requests")
                    .hint("remove [health]"),
            );
        }
        GuestKind::Http(_) | GuestKind::Command(_) => {}
    }
    Linked::new(target, &program, Stdio::Null, reporter)?;
    Ok(program.imports().into_iter().map(|its| its.name).collect())
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
    let artifact = load::artifact(target, reporter)?;
    let kind = kind(&typed.how, workload);
    if workload.exclusive && !matches!(kind, Kind::Service { .. }) {
        return Err(
            Problem::new(Code::BadInput, format!("cannot deploy {name}"))
                .why("a job or a schedule cannot be exclusive: each of its runs is one node's anyway")
                .hint("remove exclusive from gary.toml, or deploy it as a service"),
        );
    }
    let interfaces = check(kind, target, &artifact, reporter)?;
    let has_stores = interfaces.iter().any(|name| name.starts_with(KEYVALUE));
    let stores = has_stores.then_some(match workload.store {
        Some(StoreScope::PerReplica) => StoresOf::Replica,
        None => StoresOf::Workload,
    });
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
        replicas: typed.how.replicas.unwrap_or(workload.replicas).get(),
        cpu_cores_micro: workload
            .cpu
            .map_or(CPU_CORES_MICRO, |cpu| cpu.cores_micro().into()),
        memory_bytes: limits.memory_bytes.unwrap_or(MEMORY_BYTES),
        kind,
        hosts: workload.http_host.iter().map(ToString::to_string).collect(),
        labels: workload.place.require.clone().into_iter().collect(),
        spread: workload.place.spread.clone(),
        max_surge: workload.update.max_surge,
        max_unavailable: workload.update.max_unavailable,
        interfaces,
        spec: RunSpec {
            program: granted.program,
            args: granted.args,
            env: granted.env,
            net: net.collect(),
            listen: granted.listen,
            config: granted.config,
            instance_memory_bytes: limits.instance_memory_bytes,
            timeout_ms: workload.timeout.map(millis),
            concurrency_max: limits.concurrency_max,
            reuse: limits.reuse,
            body_bytes_max: limits.body_bytes_max,
            health: workload.health.as_ref().map(|health| HealthCheck {
                path: health.path.to_string(),
                interval_ms: millis(health.interval),
            }),
            stores,
        },
    })
}

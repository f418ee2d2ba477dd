//! The workloads that an agent keeps, as it sees them.

use gary_agent::{Account, Agent, Assessed};
use gary_promise::{
    AgentId, Body, Broken, Contrary, Failure, Generation, Judgement, Kept, Misfit, Mode, Outcome,
    Promise, Requirement, Time, Unknown, Use, Value, Verified, WorkloadId, WorkloadName,
};
use gary_wire::WireCodec;

use super::view::{ID_CHARS, capacity, name, takes_nothing_on};
use super::workload::{
    FailingShown, HostingShown, RefusalShown, RunShown, StoodShown, StoreShown, TakenShown,
    WorkloadShown,
};
use crate::clock::Clock;
use crate::keeping::ahead;
use crate::sites::hosts;
use crate::store_node;

/// The most nodes of which it is told why they are not asked.
const UNFIT_MAX: usize = 256;

/// The workloads that an agent keeps, as it sees them.
pub(super) fn kept(agent: &Agent<WireCodec>, now: Time) -> Vec<WorkloadShown> {
    let kept = agent.dealings().kept();
    let shown = kept.filter_map(|(workload, ..)| workload_shown(agent, &workload, now));
    shown.collect()
}

/// The intents of a name that an agent keeps, as far as it remembers them, the one that stands last.
pub(super) fn history(agent: &Agent<WireCodec>, of: &WorkloadName) -> Vec<StoodShown> {
    let history = agent.dealings().history(of);
    let last = history.len().saturating_sub(1);
    let shown = history.iter().enumerate().filter_map(|(index, stood)| {
        let wanted = wanted(&stood.intent)?;
        let failed = stood.failed.map(|failing| {
            let host = name(agent, &failing.host);
            format!("replica {} on {host}: {}", failing.slot.0, failing.failure)
        });
        let resources = wanted.needs.portion.resources();
        Some(StoodShown {
            generation: wanted.lineage.generation().get(),
            stands: index == last,
            by: stood.intent.by().to_string(),
            replicas: wanted.valency.get(),
            component: wanted.component.to_string(),
            memory_bytes: resources.memory_bytes(),
            cpu_cores: resources.cpu_cores_micro() as f64 / 1e6,
            failed,
        })
    });
    shown.collect()
}

/// The intent of a name that an agent keeps: the one that stands, or of an earlier generation, as its owner signed it.
pub(super) fn intent(
    agent: &Agent<WireCodec>,
    of: &WorkloadName,
    generation: Option<Generation>,
) -> Option<Verified<Promise>> {
    let mut history = agent.dealings().history(of);
    match generation {
        None => history.pop(),
        Some(generation) => {
            let mut all = history.into_iter();
            all.find(|its| its.generation() == generation)
        }
    }
    .map(|stood| stood.intent)
}

fn wanted(intent: &Verified<Promise>) -> Option<&Use> {
    match intent.body() {
        Body::Use(wanted) => Some(wanted),
        _ => None,
    }
}

fn workload_shown(
    agent: &Agent<WireCodec>,
    workload: &WorkloadId,
    now: Time,
) -> Option<WorkloadShown> {
    let wanted = wanted(agent.dealings().intent(workload)?)?;
    let account = agent.dealings().account(workload, now)?;
    let times = Times::at(agent.dealings().waking(now));
    let resources = wanted.needs.portion.resources();
    let outdated = account.rolling.as_ref();
    let outdated = outdated.into_iter().flat_map(|its| &its.outdated);
    let refusals = account.refusals.iter().map(|(node, said)| RefusalShown {
        node: name(agent, node),
        why: said.why.to_string(),
        at_ms: times.ms(said.at),
    });
    let failing = account.failing.iter().map(|failing| FailingShown {
        slot: failing.slot.0,
        node: name(agent, &failing.host),
        node_id: failing.host.to_string(),
        why: failing.failure.to_string(),
        since_ms: times.ms(failing.since),
        last_end: None,
    });
    let hosts = hosts(&wanted.name, &wanted.routes);
    let taken = hosts.iter().filter_map(|host| {
        let by = ahead(agent, &wanted.name, host)?.to_string();
        let host = host.clone();
        Some(TakenShown { host, by })
    });
    Some(WorkloadShown {
        taken: taken.collect(),
        name: wanted.name.to_string(),
        id: workload.to_string(),
        kind: kind(&wanted.mode).to_owned(),
        generation: account.generation.get(),
        replicas: wanted.valency.get(),
        is_stopped: wanted.is_stopped,
        exclusive: wanted.exclusive,
        component: wanted.component.to_string(),
        memory_bytes: resources.memory_bytes(),
        cpu_cores: resources.cpu_cores_micro() as f64 / 1e6,
        hosts,
        keeper: name(agent, &agent.id()),
        seen_at_ms: Clock::wall().0,
        hostings: hostings(agent, &account, &times),
        open: account.open.iter().map(|slot| slot.0).collect(),
        waits_for: account.unmet.iter().map(required).collect(),
        outdated: outdated.map(|slot| slot.0).collect(),
        stands_still: account.rolling.as_ref().is_some_and(|its| its.stands_still),
        failing: failing.collect(),
        refusals: refusals.collect(),
        unfit: match account.open.is_empty() {
            true => Vec::new(),
            false => unfit(agent, wanted),
        },
        runs: runs(agent, &account, &wanted.mode),
        store: store(agent, wanted),
    })
}

/// Which node has the store of a workload, by its owner's word.
fn store(agent: &Agent<WireCodec>, wanted: &Use) -> Option<StoreShown> {
    let mark = store_node::of(&wanted.needs.labels)?;
    let is_it = |node: &AgentId| store_node::is(mark, &node.to_string());
    let members = agent.membership().members().into_keys();
    let there = [agent.id()].into_iter().chain(members).find(is_it);
    let gone = agent.gone().map(|(node, _)| node).find(is_it);
    let away = match there {
        Some(node) if takes_nothing_on(agent, node) => Some("it is drained"),
        Some(_) => None,
        None => Some("it cannot be reached"),
    };
    Some(StoreShown {
        node: match there.or(gone) {
            Some(node) => name(agent, &node),
            None => mark.as_str().chars().take(ID_CHARS).collect(),
        },
        node_id: mark.to_string(),
        away: away.map(str::to_owned),
    })
}

/// Who is not asked to host it, and why.
fn unfit(agent: &Agent<WireCodec>, wanted: &Use) -> Vec<RefusalShown> {
    let me = agent.id();
    let members = agent.membership().members().into_keys();
    let nodes = [me].into_iter().chain(members).take(UNFIT_MAX);
    let unfit = nodes.filter_map(|node| {
        let why = match capacity(agent, node)?.fits(&wanted.needs) {
            Err(Misfit::Label { key, .. }) if key.as_str() == store_node::LABEL => {
                "it is not the node of its store".to_owned()
            }
            Err(misfit) => misfit.to_string(),
            Ok(()) if takes_nothing_on(agent, node) => "it is drained".to_owned(),
            Ok(()) => return None,
        };
        Some(RefusalShown {
            node: name(agent, &node),
            why,
            at_ms: Clock::wall().0,
        })
    });
    unfit.collect()
}

const fn kind(mode: &Mode) -> &'static str {
    match mode {
        Mode::Service => "service",
        Mode::Job(_) => "job",
        Mode::Schedule(..) => "schedule",
    }
}

fn required(requirement: &Requirement) -> String {
    match requirement {
        Requirement::Promised(promise) => format!("the promise {promise}"),
        Requirement::Bound(interface) => format!("somebody who gives {interface}"),
    }
}

fn hostings(agent: &Agent<WireCodec>, account: &Account, times: &Times) -> Vec<HostingShown> {
    let hostings = account.counted.iter().filter_map(|its| {
        let promise = its.assessment.promise();
        let counts = account.hostings.get(&promise)?;
        let slot = its.slot?;
        let (evidence, since) = evidence(&its.assessment.judgement(), times);
        let mut leaving = account.leaving.iter();
        let leaving = leaving.find(|its| its.slot == slot && its.host == promise.promiser);
        Some(HostingShown {
            slot: slot.0,
            node: name(agent, &promise.promiser),
            node_id: promise.promiser.to_string(),
            promise: promise.to_string(),
            generation: counts.generation.get(),
            runs: counts.runs,
            state: value(its.assessment.judgement().value()).to_owned(),
            evidence,
            since_ms: times.ms(since),
            is_away: matches!(
                its.assessment.judgement(),
                Judgement::Kept(Kept::OnNotice { .. })
            ),
            leaves_by_ms: leaving.map(|its| times.ms(its.by)),
            host: None,
        })
    });
    hostings.collect()
}

fn runs(agent: &Agent<WireCodec>, account: &Account, mode: &Mode) -> Vec<RunShown> {
    let (Mode::Job(retries) | Mode::Schedule(_, retries)) = mode else {
        return Vec::new();
    };
    let runs = account.runs.iter().map(|(key, run)| RunShown {
        slot: key.slot.0,
        attempt: run.attempt,
        node: name(agent, &run.by.offer.promiser),
        node_id: run.by.offer.promiser.to_string(),
        is_over: run.is_over(*retries),
        ended: run
            .ended
            .as_ref()
            .map(|ended| match (&ended.note, ended.outcome) {
                // The note says so itself.
                (Some(note), Outcome::Failed(Failure::Trapped | Failure::TimedOut)) => {
                    format!("failed: {note}")
                }
                (Some(note), outcome) => format!("{outcome}: {note}"),
                (None, outcome) => outcome.to_string(),
            }),
        at_ms: run.ended.as_ref().and_then(|ended| ended.at).map(|at| at.0),
        status: run.ended.as_ref().and_then(|ended| match ended.outcome {
            Outcome::Exited(status) => Some(status),
            Outcome::Failed(_) | Outcome::Lost => None,
        }),
        failure: run.ended.as_ref().and_then(|ended| match ended.outcome {
            Outcome::Failed(failure) => Some(failure.into()),
            Outcome::Exited(_) | Outcome::Lost => None,
        }),
    });
    runs.collect()
}

/// What an agent has come to judge of a workload: its name, and what it is.
pub(crate) fn judged(agent: &Agent<WireCodec>, judged: &Assessed) -> (String, String) {
    let assessment = &judged.assessment;
    let intent = agent.dealings().intent(&judged.workload).and_then(wanted);
    let of = intent.map_or_else(|| judged.workload.to_string(), |its| its.name.to_string());
    let judgement = assessment.judgement();
    let (evidence, _) = evidence(&judgement, &Times::at(assessment.at()));
    let by = name(agent, &assessment.promise().promiser);
    let what = match judged.slot {
        Some(slot) => format!("to host replica {}", slot.0),
        None => "to keep it".to_owned(),
    };
    let value = value(judgement.value());
    (
        of,
        format!("the promise of {by} {what} is {value}: {evidence}"),
    )
}

/// The word for a value.
const fn value(value: Value) -> &'static str {
    match value {
        Value::Kept => "kept",
        Value::Unknown => "unknown",
        Value::Broken => "broken",
    }
}

/// What a judgement goes by, and since when it stands.
fn evidence(judgement: &Judgement, times: &Times) -> (String, Time) {
    match *judgement {
        Judgement::Kept(Kept::Renewed { at }) => ("it was renewed".to_owned(), at),
        Judgement::Kept(Kept::Used { at }) => ("it was used".to_owned(), at),
        Judgement::Kept(Kept::OnNotice { at, back_by }) => {
            let back_in = times.ms(back_by).saturating_sub(times.ms(times.now)) / 1_000;
            (format!("its host is away by plan, for {back_in} s yet"), at)
        }
        Judgement::Unknown(Unknown::Unheard) => ("nothing was heard of it".to_owned(), times.now),
        Judgement::Unknown(Unknown::Silent { since }) => ("its host is silent".to_owned(), since),
        Judgement::Unknown(Unknown::Lost { at }) => ("its host cannot be reached".to_owned(), at),
        Judgement::Broken(Broken::Expired { at }) => ("its lease ran out".to_owned(), at),
        Judgement::Broken(Broken::Withdrawn { at }) => ("its host took it back".to_owned(), at),
        Judgement::Broken(Broken::Contrary { at, contrary }) => match contrary {
            Contrary::Denied => ("its host says that it is not kept".to_owned(), at),
            Contrary::Failed => ("it failed when it was used".to_owned(), at),
        },
    }
}

/// An agent's times, as people count them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    now: Time,
    now_ms: u64,
}

impl Times {
    /// It is so late by an agent's clock.
    pub(super) fn at(now: Time) -> Self {
        Self {
            now,
            now_ms: Clock::wall().0,
        }
    }

    /// How late it is, in milliseconds since 1970.
    pub(super) const fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// A time, in milliseconds since 1970.
    pub(super) fn ms(&self, at: Time) -> u64 {
        let ms =
            |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        (self.now_ms + ms(at.since(self.now))).saturating_sub(ms(self.now.since(at)))
    }
}

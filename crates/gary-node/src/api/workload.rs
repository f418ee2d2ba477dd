//! A workload, as it is shown.

use gary_promise::Failure;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Clock;

/// A workload, as one of its keepers sees it, with what its hosts say of themselves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct WorkloadShown {
    /// Its name.
    pub name: String,
    /// Its id, which is never another's.
    pub id: String,
    /// `service`, `job` or `schedule`.
    pub kind: String,
    /// Which intent stands, counted from 1.
    pub generation: u64,
    /// How many hostings its owner uses.
    pub replicas: u32,
    /// Whether none is used for now.
    pub is_stopped: bool,
    /// The digest of its component.
    pub component: String,
    /// Memory that is promised for each replica, in bytes.
    pub memory_bytes: u64,
    /// Processor cores that are promised for each replica.
    pub cpu_cores: f64,
    /// The host names that it is served under.
    pub hosts: Vec<String>,
    /// Those of them that another workload answers for.
    pub taken: Vec<TakenShown>,
    /// Who tells this.
    pub keeper: String,
    /// When that was, in milliseconds since 1970.
    pub seen_at_ms: u64,
    /// Whether one node runs it at most at any time, once a majority of its keepers has granted it that.
    pub exclusive: bool,
    /// What is hosted of it.
    pub hostings: Vec<HostingShown>,
    /// Replicas that no hosting of this generation fills, the first of them.
    pub open: Vec<u32>,
    /// What the intent waits for before anybody is invited.
    pub waits_for: Vec<String>,
    /// Replicas that an earlier generation hosts still, and are about to be updated.
    pub outdated: Vec<u32>,
    /// Whether the update goes no further, since what has begun of it fails.
    pub stands_still: bool,
    /// Hostings of this generation that fail again and again.
    pub failing: Vec<FailingShown>,
    /// Why nodes do not host more of it, each by its own last word.
    pub refusals: Vec<RefusalShown>,
    /// Why nodes are not asked to, by what each promises to everyone; only where a replica is hosted by nobody.
    pub unfit: Vec<RefusalShown>,
    /// What has been run to completion.
    pub runs: Vec<RunShown>,
    /// The node that has its store, where it has one that is not each replica's own: no other hosts it.
    pub store: Option<StoreShown>,
}

/// The node that has the store of a workload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct StoreShown {
    /// What people call it; the beginning of its id where that is not known.
    pub node: String,
    /// Its id, or as much of it as the intent says.
    pub node_id: String,
    /// Why it takes nothing on; nothing where it does.
    pub away: Option<String>,
}

/// A host name that several workloads want, of which one answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TakenShown {
    /// The host name.
    pub host: String,
    /// The name of the workload that answers.
    pub by: String,
}

/// One hosting of a workload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct HostingShown {
    /// Which replica it is, counted from 0.
    pub slot: u32,
    /// By which node.
    pub node: String,
    /// That node's id.
    pub node_id: String,
    /// The promise.
    pub promise: String,
    /// Of which generation.
    pub generation: u64,
    /// Whether it runs, by its node's last word.
    pub runs: bool,
    /// `kept`, `broken` or `unknown`: what the keeper makes of it.
    pub state: String,
    /// What the keeper goes by.
    pub evidence: String,
    /// Since when it has been so, in milliseconds since 1970.
    pub since_ms: u64,
    /// Whether its host is away by plan.
    pub is_away: bool,
    /// When its host takes it back, since it leaves; in milliseconds since 1970.
    pub leaves_by_ms: Option<u64>,
    /// What its host says of it; nothing where that has not answered.
    pub host: Option<HostedShown>,
}

/// A hosting, as the node says that hosts it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct HostedShown {
    /// The promise by which it is hosted.
    pub promise: String,
    /// Of which workload.
    pub workload: String,
    /// What that is called.
    pub name: String,
    /// Which replica.
    pub slot: u32,
    /// How often it was started again.
    pub restarts: u64,
    /// Since when it has run; nothing while it does not. In milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// Whether it answers requests, rather than running from beginning to end.
    pub serves: bool,
    /// Memory that its instances hold, in bytes.
    pub memory_bytes: u64,
    /// Processor time that it has taken, in milliseconds.
    pub cpu_ms: u64,
    /// How it ended last.
    pub last_end: Option<EndShown>,
}

/// How something that ran came to its end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct EndShown {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// How, in words.
    pub how: String,
    /// Where, if it trapped: the functions that were running, innermost first.
    pub backtrace: Vec<String>,
}

/// A hosting that fails again and again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FailingShown {
    /// Which replica.
    pub slot: u32,
    /// Who hosted it last.
    pub node: String,
    /// That node's id.
    pub node_id: String,
    /// What it said.
    pub why: String,
    /// Since when the replica fails, in milliseconds since 1970.
    pub since_ms: u64,
    /// How it ended last, by what its host says.
    pub last_end: Option<EndShown>,
}

/// Why a node does not host something.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RefusalShown {
    /// Which node.
    pub node: String,
    /// What it said.
    pub why: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// One run to completion.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RunShown {
    /// Which replica it is of.
    pub slot: u32,
    /// Which attempt, counted from 1.
    pub attempt: u32,
    /// By which node.
    pub node: String,
    /// That node's id.
    pub node_id: String,
    /// Whether it is over, and is not tried again.
    pub is_over: bool,
    /// How it ended, in words; nothing while it runs.
    pub ended: Option<String>,
    /// When it ended, in milliseconds since 1970, by the clock of its node.
    pub at_ms: Option<u64>,
    /// With which status it exited, if it did.
    pub status: Option<u32>,
    /// In which way it failed, where it did not end by itself.
    pub failure: Option<FailureWord>,
}

/// In which way something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureWord {
    /// Its node has not said how.
    Unstated,
    /// It could not be started.
    Start,
    /// It was ended.
    Ended,
    /// It was not well by its health check.
    Health,
    /// It did what WebAssembly forbids, or ran out of something that it was promised.
    Trapped,
    /// It took longer than its owner lets it.
    TimedOut,
}

/// An intent that stands or stood.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct StoodShown {
    /// Its generation.
    pub generation: u64,
    /// Whether it stands.
    pub stands: bool,
    /// Who has signed it: the id of a person's key.
    pub by: String,
    /// How many replicas.
    pub replicas: u32,
    /// The digest of its component.
    pub component: String,
    /// Memory that is promised for each replica, in bytes.
    pub memory_bytes: u64,
    /// Processor cores that are promised for each replica.
    pub cpu_cores: f64,
    /// What failed of it, if anything did.
    pub failed: Option<String>,
}

impl From<Failure> for FailureWord {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unstated => Self::Unstated,
            Failure::Start => Self::Start,
            Failure::Ended => Self::Ended,
            Failure::Health => Self::Health,
            Failure::Trapped => Self::Trapped,
            Failure::TimedOut => Self::TimedOut,
        }
    }
}

impl EndShown {
    /// Something has just ended so.
    pub(crate) fn now(how: String) -> Self {
        Self {
            at_ms: Clock::wall().0,
            how,
            backtrace: Vec::new(),
        }
    }
}

impl std::fmt::Display for TakenShown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (host, by) = (&self.host, &self.by);
        write!(f, "{host} is answered by {by}, which comes first by name")
    }
}

impl WorkloadShown {
    /// The node that has its store and that it waits for, and why.
    pub fn waits_for_store(&self) -> Option<(&str, &str)> {
        let store = self.store.as_ref()?;
        let waits = !self.is_stopped && !self.open.is_empty();
        let away = store.away.as_deref().filter(|_| waits)?;
        Some((&store.node, away))
    }

    /// Why nodes host no more of it: what they have said, and what can be seen without asking them.
    pub fn obstacles(&self) -> impl Iterator<Item = &RefusalShown> {
        self.refusals.iter().chain(&self.unfit)
    }

    /// Why replicas do not run, in words: those that no node hosts, and those that fail or are not well.
    pub fn troubles(&self) -> Vec<String> {
        let obstacles = self
            .obstacles()
            .map(|its| format!("{}: {}", its.node, its.why));
        let failing = self.failing.iter().map(|its| {
            let end = its.last_end.as_ref().map_or(&its.why, |end| &end.how);
            format!("replica {} on {}: {end}", its.slot, its.node)
        });
        let hostings = self.hostings.iter();
        let unsound = hostings.filter(|its| its.generation == self.generation && !its.is_sound());
        let unsound = unsound.filter_map(|its| {
            let end = its.host.as_ref()?.last_end.as_ref()?;
            Some(format!("replica {} on {}: {}", its.slot, its.node, end.how))
        });
        obstacles.chain(failing).chain(unsound).collect()
    }

    /// How many hostings run at the generation that stands.
    pub fn running(&self) -> usize {
        let hostings = self.hostings.iter();
        let running = hostings.filter(|its| its.is_sound() && its.generation == self.generation);
        running.count()
    }
}

impl HostingShown {
    /// Whether it runs by all that is known, and its promise is held for kept.
    pub fn is_sound(&self) -> bool {
        let has_started = |host: &HostedShown| host.since_ms.is_some();
        self.runs && self.state == "kept" && self.host.as_ref().is_none_or(has_started)
    }
}

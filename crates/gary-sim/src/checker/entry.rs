//! What the book has of one agent, one offer, one workload.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::{Afterwards, Drain};
use gary_promise::{
    Accept, AgentId, Binding, BootEpoch, Capacity, Consider, Dismissal, Generation, Host, Needs,
    PromiseId, Reason, Resources, Time,
};

/// What was seen of an agent.
#[derive(Debug)]
pub struct AgentSeen {
    /// Whether it is up.
    pub is_up: bool,
    /// Whether it never comes back.
    pub is_gone: bool,
    /// Whose submissions its sheet says that it considers.
    pub consider: Option<Consider>,
    /// Whether it ever offers anything.
    pub is_willing: bool,
    /// Since when its person wants it to leave.
    pub leaves_at: Option<Time>,
    /// What its sheet says its machine has.
    pub published: Capacity,
    /// How it is drained.
    pub drained: Option<DrainSeen>,
    /// How its disk says that it is.
    pub drained_on_disk: Option<Drain>,
    /// When it last ceased to be, and how it was until then.
    pub undrained: Option<(Time, DrainSeen)>,
    /// What it said before, and until when.
    pub earlier: Vec<(Capacity, Time)>,
    /// When it started last.
    pub started_at: Time,
    /// Its last start, by its own count.
    pub epoch: BootEpoch,
    /// Until when it stands still, at least.
    pub stalled_until: Time,
    /// Which promises are on its disk.
    pub disk: BTreeSet<PromiseId>,
    /// Which intents are pending there, and whether each was refused since.
    pub pending: BTreeMap<PromiseId, bool>,
}

impl AgentSeen {
    /// Its machine has another capacity from now on.
    pub fn revise(&mut self, at: Time, published: &Capacity) {
        if self.published != *published {
            let before = std::mem::replace(&mut self.published, published.clone());
            self.earlier.push((before, at));
        }
    }

    /// What its sheet says its machine has, and what it said at this time or later.
    pub fn published_since(&self, when: Time) -> impl Iterator<Item = &Capacity> {
        let earlier = self.earlier.iter().filter(move |(_, until)| *until >= when);
        earlier.map(|(its, _)| its).chain([&self.published])
    }

    /// Whether it looks at what this owner submits, who is a client as all owners of a world are.
    pub fn considers(&self, owner: AgentId) -> bool {
        let consider = self.consider.as_ref();
        consider.is_some_and(|its| its.submitters.include(owner, true))
    }
}

/// What was seen of how an agent is drained.
#[derive(Debug, Clone, Copy)]
pub struct DrainSeen {
    /// Since when, or since its last start.
    pub since: Time,
    /// When it takes back what it hosts still, at the earliest.
    pub until: Time,
    /// What comes afterwards.
    pub then: Afterwards,
}

impl DrainSeen {
    pub(super) fn new(since: Time, drain: Drain) -> Self {
        Self {
            since,
            until: since.after(drain.within.duration()),
            then: drain.then,
        }
    }
}

/// Whether a machine is what is needed. It is written here once more, so that what is checked is not checked by itself;
/// of interfaces, worlds have only such as either are the same or do not fit.
pub(super) fn fits(machine: &Capacity, needs: &Needs) -> bool {
    let architecture = needs.architecture.as_ref();
    machine.resources.covers(needs.portion.resources())
        && architecture.is_none_or(|its| *its == machine.architecture)
        && needs
            .labels
            .iter()
            .all(|(key, value)| machine.labels.get(key) == Some(value))
        && needs
            .interfaces
            .iter()
            .all(|needed| machine.interfaces.iter().any(|its| its == needed))
}

/// The offers of an agent's that are dismissed by what it is told.
pub(super) fn dismissed(
    promiser: AgentId,
    dismissal: &Dismissal,
) -> impl Iterator<Item = PromiseId> + '_ {
    let versions = dismissal.offers.iter().copied();
    versions.map(move |version| PromiseId { promiser, version })
}

/// What a host sets aside for what is asked: memory in whole pages.
pub(super) fn in_pages(asked: Resources) -> Resources {
    let memory_bytes = asked.memory_bytes().next_multiple_of(64 << 10);
    Resources::new(asked.cpu_cores_micro(), memory_bytes).unwrap_or(asked)
}

/// What was seen of an offer to host.
#[derive(Debug)]
pub struct OfferSeen {
    /// What is offered.
    pub host: Host,
    /// When it was first told to whom it was made.
    pub told_at: Option<Time>,
    /// When its promiser has first heard that it is accepted by whom it was made to.
    pub accepted_at: Option<Time>,
    /// When it was taken back: said to be, or gone from the promiser's disk.
    pub withdrawn_at: Option<Time>,
    /// Since when, by its promiser's disk, whom it was made to keeps its workload no more, and is told nothing of it.
    pub handed_over_at: Option<Time>,
}

/// What was seen of an acceptance.
#[derive(Debug)]
pub struct AcceptanceSeen {
    /// What is accepted.
    pub accept: Accept,
    /// When it was first stored.
    pub stored_at: Option<Time>,
    /// When the host whose offer it accepts has heard it.
    pub heard_at: Option<Time>,
    /// When it was taken back, and why; `None` for why where that was not said.
    pub withdrawn: Option<(Time, Option<Reason>)>,
    /// When the host has heard that it was taken back.
    pub withdrawal_heard_at: Option<Time>,
    /// Whether its promiser has forgotten it, since others keep the workload: it stands, and they count what is hosted by it.
    pub is_handed_over: bool,
}

impl AcceptanceSeen {
    /// Whether its promiser counts a hosting by it.
    pub fn is_counted(&self) -> bool {
        self.stored_at.is_some() && self.withdrawn.is_none() && !self.is_handed_over
    }
}

/// What was seen of a component that runs.
#[derive(Debug)]
pub struct RunSeen {
    /// By which binding.
    pub binding: Binding,
    /// What it gets.
    pub given: Resources,
}

/// What was seen of a workload.
#[derive(Debug)]
pub struct WorkloadSeen {
    /// The latest intent that a person was told is committed.
    pub acknowledged: PromiseId,
    /// Its generation.
    pub generation: Generation,
}

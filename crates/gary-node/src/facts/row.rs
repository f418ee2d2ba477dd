//! A row of the store.

use gary_promise::{AgentId, PromiseId, WorkloadId, WorkloadName};

/// The tables that an agent's memory is in. Their names are what is on disk: one is never used for anything else again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Table {
    /// Records, by the promises that they make.
    Records,
    /// Which intent is kept, by the promise by which it is.
    Keeps,
    /// Which intents stood before, by the same.
    Stood,
    /// Who else keeps what is hosted, by offer.
    HostsFor,
    /// Which accepted offers others keep by now.
    HandedOver,
    /// How runs ended, by offer.
    Ended,
    /// Intents that no majority has answered for, by promise.
    Pending,
    /// Votes on registers, by name.
    Votes,
    /// What was granted of exclusive workloads, by workload.
    Granted,
    /// How far the stores of others were seen, by agent.
    Saw,
    /// What was deleted and forgotten, in the order in which it was.
    Collected,
    /// Judgements, in the order in which they were made.
    Journal,
    /// What there is one of.
    Single,
}

impl Table {
    /// All of them.
    pub(crate) const ALL: [Self; 13] = [
        Self::Records,
        Self::Keeps,
        Self::Stood,
        Self::HostsFor,
        Self::HandedOver,
        Self::Ended,
        Self::Pending,
        Self::Votes,
        Self::Granted,
        Self::Saw,
        Self::Collected,
        Self::Journal,
        Self::Single,
    ];

    /// Its name on disk.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Keeps => "keeps",
            Self::Stood => "stood",
            Self::HostsFor => "hosts-for",
            Self::HandedOver => "handed-over",
            Self::Ended => "ended",
            Self::Pending => "pending",
            Self::Votes => "votes",
            Self::Granted => "granted",
            Self::Saw => "saw",
            Self::Collected => "collected",
            Self::Journal => "journal",
            Self::Single => "single",
        }
    }
}

/// A change of one row: what it holds from now on, or that it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) table: Table,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
}

impl Row {
    pub(crate) const fn put(table: Table, key: Vec<u8>, value: Vec<u8>) -> Self {
        let value = Some(value);
        Self { table, key, value }
    }

    pub(crate) const fn delete(table: Table, key: Vec<u8>) -> Self {
        let value = None;
        Self { table, key, value }
    }
}

/// The key of what is of a promise: its promiser, and when it was made, the earlier first.
pub(super) fn of_promise(id: &PromiseId) -> Vec<u8> {
    let mut key = id.promiser.as_bytes().to_vec();
    key.extend(id.version.epoch.0.to_be_bytes());
    key.extend(id.version.sequence.get().to_be_bytes());
    key
}

pub(super) fn of_agent(agent: &AgentId) -> Vec<u8> {
    agent.as_bytes().to_vec()
}

pub(super) fn of_workload(workload: &WorkloadId) -> Vec<u8> {
    workload.as_bytes().to_vec()
}

pub(super) fn of_name(name: &WorkloadName) -> Vec<u8> {
    name.as_str().as_bytes().to_vec()
}

/// The key of what stands in a table by its number.
pub(super) fn of_number(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

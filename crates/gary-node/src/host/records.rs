//! What has become of what this node hosts and has hosted: how often it was started, how it ended, and what it takes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gary_host::{Failure, Replica};
use gary_promise::{PromiseId, WorkloadName};

use crate::api::{EndShown, HostedShown};
use crate::clock::Clock;
use crate::logs::ReplicaKey;

/// The most hostings that are remembered. Beyond, the one is forgotten that ended longest ago.
const RECORDS_MAX: usize = 8_192;

/// What has become of hostings.
#[derive(Default)]
pub(crate) struct Records(Mutex<BTreeMap<PromiseId, Record>>);

struct Record {
    key: ReplicaKey,
    name: String,
    starts: u64,
    serves: bool,
    since_ms: Option<u64>,
    last_end: Option<EndShown>,
    running: Option<Replica>,
    /// When it ended or was stopped last, and was not started again.
    over_ms: Option<u64>,
}

impl Records {
    /// One is about to be started.
    pub(super) fn begins(&self, offer: PromiseId, key: ReplicaKey, name: &WorkloadName) {
        let mut records = self.lock();
        records
            .entry(offer)
            .or_insert_with(|| Record::of(key, name.to_string()));
        make_room(&mut records);
    }

    /// One runs.
    pub(super) fn started(&self, offer: &PromiseId, replica: &Replica, serves: bool) {
        if let Some(record) = self.lock().get_mut(offer) {
            record.starts += 1;
            record.serves = serves;
            record.over_ms = None;
            record.since_ms = Some(Clock::wall().0);
            record.running = Some(replica.clone());
        }
    }

    /// One runs no more, or could not be started: nobody has stopped it.
    pub(super) fn ended(&self, offer: &PromiseId, end: EndShown) {
        if let Some(record) = self.lock().get_mut(offer) {
            (record.since_ms, record.running) = (None, None);
            record.over_ms = Some(end.at_ms);
            record.last_end = Some(end);
        }
    }

    /// One runs on, and a request has failed.
    pub(crate) fn failed(&self, offer: &PromiseId, end: EndShown) {
        if let Some(record) = self.lock().get_mut(offer) {
            record.last_end = Some(end);
        }
    }

    /// One was stopped, as it should be.
    pub(super) fn stopped(&self, offer: &PromiseId) {
        if let Some(record) = self.lock().get_mut(offer) {
            (record.since_ms, record.running) = (None, None);
            record.over_ms = Some(Clock::wall().0);
        }
    }

    /// All of them.
    pub(crate) fn shown(&self) -> Vec<HostedShown> {
        let records = self.lock();
        let shown = records.iter().map(|(offer, record)| {
            let usage = record.running.as_ref().map(Replica::usage);
            HostedShown {
                promise: offer.to_string(),
                workload: record.key.workload.to_string(),
                name: record.name.clone(),
                slot: record.key.slot.0,
                restarts: record.starts.saturating_sub(1),
                since_ms: record.since_ms,
                serves: record.serves,
                memory_bytes: usage.map_or(0, |its| its.memory_bytes),
                cpu_ms: usage.map_or(0, |its| {
                    u64::try_from(its.cpu.as_millis()).unwrap_or(u64::MAX)
                }),
                last_end: record.last_end.clone(),
            }
        });
        shown.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PromiseId, Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    const fn of(key: ReplicaKey, name: String) -> Self {
        Self {
            key,
            name,
            starts: 0,
            serves: false,
            since_ms: None,
            last_end: None,
            running: None,
            over_ms: None,
        }
    }
}

/// Forgets what ended longest ago, where too much is remembered. What runs is within what the node has promised.
fn make_room(records: &mut BTreeMap<PromiseId, Record>) {
    if records.len() <= RECORDS_MAX {
        return;
    }
    let over = records.iter();
    let over = over.filter_map(|(offer, its)| Some((its.over_ms?, *offer)));
    if let Some((_, first)) = over.min() {
        records.remove(&first);
    }
}

/// How something ended, as it is shown.
pub(crate) fn end(failure: &Failure) -> EndShown {
    let backtrace = match failure {
        Failure::Trap(report) | Failure::Crowded(report) => report.backtrace.clone(),
        _ => Vec::new(),
    };
    EndShown {
        at_ms: Clock::wall().0,
        how: failure.to_string(),
        backtrace,
    }
}

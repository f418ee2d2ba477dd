//! What is bound, and since when.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{Time, WorkloadId};

/// How far a workload is.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) deployed_at: Time,
    wanted: usize,
    /// How many hostings of each slot are bound, and how many of them run.
    slots: BTreeMap<u32, (u32, u32)>,
    bound: usize,
    running: usize,
    pub(super) bound_at: Option<Time>,
    pub(super) running_at: Option<Time>,
}

/// What is bound, of all workloads.
#[derive(Debug, Default)]
pub(super) struct Board {
    workloads: BTreeMap<WorkloadId, Progress>,
    /// Slots whose last host has died, since when. They are here until they are bound again.
    unbound: BTreeMap<(WorkloadId, u32), Time>,
    /// The same, until they run again.
    idle: BTreeMap<(WorkloadId, u32), Time>,
    /// How long slots were without a host, each time.
    pub(super) bound_again: Vec<Duration>,
    /// How long they did not run.
    pub(super) run_again: Vec<Duration>,
}

impl Board {
    pub(super) fn deployed(&mut self, workload: WorkloadId, wanted: usize, at: Time) {
        let progress = Progress {
            deployed_at: at,
            wanted,
            slots: BTreeMap::new(),
            bound: 0,
            running: 0,
            bound_at: None,
            running_at: None,
        };
        // What is deployed again is an update of it.
        self.workloads.entry(workload).or_insert(progress);
    }

    pub(super) fn bound(&mut self, workload: WorkloadId, slot: u32, at: Time) {
        if let Some(since) = self.unbound.remove(&(workload, slot)) {
            self.bound_again.push(at.since(since));
        }
        let Some(progress) = self.workloads.get_mut(&workload) else {
            return;
        };
        let (bound, _) = progress.slots.entry(slot).or_default();
        *bound += 1;
        progress.bound += usize::from(*bound == 1);
        if progress.bound == progress.wanted {
            progress.bound_at.get_or_insert(at);
        }
    }

    pub(super) fn runs(&mut self, workload: WorkloadId, slot: u32, at: Time) {
        if let Some(since) = self.idle.remove(&(workload, slot)) {
            self.run_again.push(at.since(since));
        }
        let Some(progress) = self.workloads.get_mut(&workload) else {
            return;
        };
        let (_, running) = progress.slots.entry(slot).or_default();
        *running += 1;
        progress.running += usize::from(*running == 1);
        if progress.running == progress.wanted {
            progress.running_at.get_or_insert(at);
        }
    }

    /// A hosting has ended: it was told to, or its machine has `died`.
    pub(super) fn ended(&mut self, workload: WorkloadId, slot: u32, ran: bool, died: Option<Time>) {
        let Some(progress) = self.workloads.get_mut(&workload) else {
            return;
        };
        let (bound, running) = progress.slots.entry(slot).or_default();
        *bound -= 1;
        progress.bound -= usize::from(*bound == 0);
        if ran {
            *running -= 1;
            progress.running -= usize::from(*running == 0);
        }
        if let Some(at) = died {
            if *bound == 0 {
                self.unbound.entry((workload, slot)).or_insert(at);
            }
            if *running == 0 {
                self.idle.entry((workload, slot)).or_insert(at);
            }
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Progress> {
        self.workloads.values()
    }

    /// How many slots are bound.
    pub(super) fn bound_count(&self) -> usize {
        self.workloads.values().map(|its| its.bound).sum()
    }

    /// How many slots run.
    pub(super) fn running_count(&self) -> usize {
        self.workloads.values().map(|its| its.running).sum()
    }

    /// How many slots are without the host that has died.
    pub(super) fn unbound_count(&self) -> usize {
        self.unbound.len()
    }
}

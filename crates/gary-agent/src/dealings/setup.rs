//! What an agent is given and shows: at its start, by whoever deploys, and to everyone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gary_promise::{
    AgentKey, Body, BootEpoch, Capacity, ClusterId, Consider, Generation, Own, Promise, PromiseId,
    Verified, Withdrawal, WorkloadId, WorkloadName,
};

use crate::voice::WriteId;

/// What an agent is from the start.
#[derive(Debug)]
pub struct Setup {
    /// Its key.
    pub key: AgentKey,
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its start, counted and stored before.
    pub epoch: BootEpoch,
    /// What its machine has.
    pub capacity: Capacity,
    /// Whose submissions it looks at; `None` looks at nobody's.
    pub consider: Option<Consider>,
    /// Whether it declines whatever it is invited for, and says so. It is as good a member as any.
    pub declines: bool,
    /// How long somebody who keeps a name with it is not there before another takes its place: see
    /// [`REPLACES_AFTER`](crate::REPLACES_AFTER).
    pub replaces_after: Duration,
    /// Where its randomness comes from.
    pub seed: u64,
}

/// An intent was taken into custody. Whoever submitted it is told so once the write is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Its workload.
    pub workload: WorkloadId,
    /// The generation that it is.
    pub generation: Generation,
    /// The write that has to be stored.
    pub write: WriteId,
}

/// What a sheet shows that others go by in their dealings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// What its agent's machine has.
    pub capacity: Option<Arc<Capacity>>,
    /// Whose submissions its agent looks at.
    pub consider: Option<Consider>,
    /// Which workloads it keeps, and by which promise each.
    pub keeps: BTreeMap<WorkloadId, PromiseId>,
    /// Which of them under which name.
    pub names: BTreeMap<WorkloadName, WorkloadId>,
}

impl Shown {
    /// What these promises of one agent show. What is promised under a condition may be pending, and nothing is built
    /// on it.
    pub fn of<'a>(promises: impl IntoIterator<Item = &'a Verified<Promise>>) -> Self {
        let mut shown = Self::default();
        let promises = promises.into_iter();
        for promise in promises.filter(|its| its.condition().requirements.is_empty()) {
            match promise.body() {
                Body::Capacity(its) => shown.capacity = Some(its.clone()),
                Body::Consider(its) => shown.consider = Some(its.clone()),
                Body::Keep(its) => {
                    shown.keeps.insert(its.workload, promise.id());
                    shown.names.insert(its.name.clone(), its.workload);
                }
                _ => {}
            }
        }
        shown
    }
}

/// A change of what an agent promises to everyone, for its sheet.
#[derive(Debug)]
pub(crate) enum Publication {
    /// It promises something, perhaps in the place of something earlier.
    Made(Own<Promise>),
    Withdrawn(Own<Withdrawal>),
}

//! What an agent is given and shows: at its start, by whoever deploys, and to everyone.

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

/// What a sheet shows that others go by in their dealings, and what has changed of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// What its agent's machine has.
    pub capacity: Option<Arc<Capacity>>,
    /// Whose submissions its agent looks at.
    pub consider: Option<Consider>,
    /// What it keeps that was not shown before.
    pub came: Vec<Keeps>,
    /// What is not shown any more.
    pub went: Vec<PromiseId>,
}

/// A workload that an agent keeps, by its sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeps {
    /// By which promise.
    pub by: PromiseId,
    /// Which workload.
    pub workload: WorkloadId,
    /// Under which name.
    pub name: WorkloadName,
}

impl Shown {
    /// What `all` promises of one agent show, of which `came` were not known before. What is promised under a condition may
    /// be pending, and nothing is built on it.
    pub fn of<'a>(
        all: impl Iterator<Item = &'a Verified<Promise>>,
        came: impl Iterator<Item = &'a Verified<Promise>>,
        went: Vec<PromiseId>,
    ) -> Self {
        let (mut capacity, mut consider) = (None, None);
        for promise in all.filter(|its| stands(its)) {
            match promise.body() {
                Body::Capacity(its) => capacity = Some(its.clone()),
                Body::Consider(its) => consider = Some(its.clone()),
                _ => {}
            }
            // An agent promises each once, and before most of what it keeps, unless it has started again since.
            if capacity.is_some() && consider.is_some() {
                break;
            }
        }
        let came = came.filter(|its| stands(its));
        let came = came.filter_map(|promise| match promise.body() {
            Body::Keep(its) => Some(Keeps {
                by: promise.id(),
                workload: its.workload,
                name: its.name.clone(),
            }),
            _ => None,
        });
        Self {
            capacity,
            consider,
            came: came.collect(),
            went,
        }
    }
}

fn stands(promise: &Verified<Promise>) -> bool {
    promise.condition().requirements.is_empty()
}

/// A change of what an agent promises to everyone, for its sheet.
#[derive(Debug)]
pub(crate) enum Publication {
    /// It promises something, perhaps in the place of something earlier.
    Made(Own<Promise>),
    Withdrawn(Own<Withdrawal>),
}

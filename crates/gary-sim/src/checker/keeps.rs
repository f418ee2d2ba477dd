//! Who has ever kept what, as far as conditions depend on it.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{AgentId, Body, Promise, PromiseId, Requirement, Time, Verified, WorkloadId};

/// How long it may take until everybody knows that a promise was withdrawn, once faults have ceased.
const KNOWN_WITHIN: Duration = Duration::from_secs(15);

/// Every `+keep` that was ever stored, and whether it was withdrawn.
#[derive(Debug, Default)]
pub(super) struct Keeps {
    seen: BTreeMap<PromiseId, Keep>,
    calm_since: Option<Time>,
}

#[derive(Debug)]
struct Keep {
    workload: WorkloadId,
    made_at: Time,
    withdrawn_at: Option<Time>,
}

impl Keeps {
    pub(super) fn made(&mut self, at: Time, promise: &Verified<Promise>) {
        if let Body::Keep(keep) = promise.body() {
            self.seen.entry(promise.id()).or_insert(Keep {
                workload: keep.workload,
                made_at: at,
                withdrawn_at: None,
            });
        }
    }

    pub(super) fn forgotten(&mut self, at: Time, id: &PromiseId) {
        if let Some(keep) = self.seen.get_mut(id) {
            keep.withdrawn_at.get_or_insert(at);
        }
    }

    /// When a `+keep` was withdrawn, if it was.
    pub(super) fn withdrawn_at(&self, id: &PromiseId) -> Option<Time> {
        self.seen.get(id)?.withdrawn_at
    }

    pub(super) fn calm(&mut self, at: Time) {
        self.calm_since = Some(at);
    }

    /// Whether it can be known of any agent that what is required is met. What was withdrawn may seem to stand
    /// for as long as it takes to get around.
    pub(super) fn may_meet(&self, at: Time, required: &Requirement) -> bool {
        self.of(required).any(|(_, keep)| {
            let known_by = keep.withdrawn_at.map(|withdrawn_at| {
                let calm = self.calm_since.map(|calm| calm.max(withdrawn_at));
                calm.map(|since| since.after(KNOWN_WITHIN))
            });
            match known_by {
                None | Some(None) => true,
                Some(Some(known_by)) => at <= known_by,
            }
        })
    }

    /// Whether it should be known that it is met: somebody keeps what is required who `is_known` to do so, as of when it
    /// was promised.
    pub(super) fn surely_meet(
        &self,
        required: &Requirement,
        is_known: impl Fn(&AgentId, Time) -> bool,
    ) -> bool {
        let mut keeps = self.of(required);
        keeps.any(|(id, keep)| keep.withdrawn_at.is_none() && is_known(&id.promiser, keep.made_at))
    }

    fn of(&self, required: &Requirement) -> impl Iterator<Item = (&PromiseId, &Keep)> {
        let wanted = match required {
            Requirement::Promised(id) => Some(*id),
            Requirement::Bound(_) => None,
        };
        self.seen.iter().filter(move |(id, keep)| {
            wanted.is_some_and(|wanted| {
                **id == wanted || keep.workload == WorkloadId::founded_by(wanted)
            })
        })
    }
}

//! Deploying: what an owner submits is taken into custody, or refused.

use gary_promise::{
    AgentId, Body, Generation, Keep, Lineage, Promise, Submitters, Time, Use, Verified, WorkloadId,
};

use super::inviting::dismiss;
use super::tended::Tended;
use super::workloads::{KeepChange, Tending, WORKLOADS_MAX, forget};
use crate::hosting::Order;
use crate::voice::{Speech, Voice};

/// A deploy was refused. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeployError {
    /// Somebody else signed it, or it cannot be read.
    #[error(transparent)]
    Refused(#[from] crate::voice::Unverified),
    /// This agent takes no part.
    #[error(transparent)]
    HeldOff(#[from] crate::membership::HeldOff),
    /// It is a promise of another type.
    #[error("{found} is no intent")]
    NotAnIntent {
        /// What it is.
        found: &'static str,
    },
    /// This agent looks at nothing that its owner submits.
    #[error("this node considers no submissions of {owner}")]
    NotConsidered {
        /// Whose intent it is.
        owner: AgentId,
    },
    /// It updates a workload that this agent does not keep.
    #[error("this node keeps no workload {workload}")]
    NotKept {
        /// Which.
        workload: WorkloadId,
    },
    /// Its owner may not update the workload.
    #[error("{by} may not update workload {workload}")]
    NotAllowed {
        /// Who tried.
        by: AgentId,
        /// What.
        workload: WorkloadId,
    },
    /// There is a generation as late as it, or later.
    #[error("workload {workload} is at generation {current} by now")]
    Conflict {
        /// Which.
        workload: WorkloadId,
        /// The generation that stands.
        current: Generation,
    },
    /// This agent keeps as many as it can.
    #[error("this node keeps {WORKLOADS_MAX} workloads, as many as it can")]
    Full,
}

impl Tending {
    /// Takes an intent into custody: a new workload, or a later generation of one. The caller has seen
    /// that its owner is considered.
    pub(crate) fn deploy<C: Speech>(
        &mut self,
        now: Time,
        intent: Verified<Promise>,
        voice: &mut Voice<C, Order>,
    ) -> Result<(WorkloadId, Generation), DeployError> {
        let (Body::Use(wanted), Some(workload)) = (intent.body(), intent.workload()) else {
            let found = intent.body().notation();
            return Err(DeployError::NotAnIntent { found });
        };
        let wanted = Use::clone(wanted);
        let generation = wanted.lineage.generation();
        match (self.tended.get_mut(&workload), wanted.lineage) {
            // The same submission again changes nothing.
            (Some(tended), _) if tended.intent.id() == intent.id() => {}
            (Some(tended), Lineage::Updates(_)) => {
                check_update(tended, &intent, generation)?;
                voice.keep_promise(&intent);
                voice.forget(tended.intent.id());
                let body = Body::Keep(keep(workload, &wanted));
                if tended.keep.body() != &body {
                    let made = voice.revise(&tended.keep, body);
                    tended.keep = made.clone();
                    self.changes.push(KeepChange::Made(made));
                }
                for (host, offer) in tended.update(intent, wanted, now) {
                    dismiss(voice, host, [offer]);
                    forget(&mut self.by_host, &mut self.renewed, &host, offer);
                }
            }
            (None, Lineage::Updates(_)) => return Err(DeployError::NotKept { workload }),
            // What founded it, submitted again after an update, founds nothing anew.
            (Some(tended), Lineage::Founds) => {
                let current = tended.wanted.lineage.generation();
                return Err(DeployError::Conflict { workload, current });
            }
            (None, Lineage::Founds) => {
                if self.tended.len() >= WORKLOADS_MAX {
                    return Err(DeployError::Full);
                }
                voice.keep_promise(&intent);
                let made = voice.promise(Body::Keep(keep(workload, &wanted)));
                self.changes.push(KeepChange::Made(made.clone()));
                let tended = Tended::new(workload, intent, wanted, made, now);
                self.tended.insert(workload, tended);
            }
        }
        self.wake(workload, now);
        Ok((workload, generation))
    }
}

fn keep(workload: WorkloadId, wanted: &Use) -> Keep {
    Keep {
        workload,
        name: wanted.name.clone(),
        routes: wanted.routes.clone(),
    }
}

/// Whether an intent may take the place of the one that stands.
fn check_update(
    tended: &Tended,
    intent: &Verified<Promise>,
    generation: Generation,
) -> Result<(), DeployError> {
    let (workload, by) = (tended.workload, intent.by());
    let updaters: &Submitters = &tended.wanted.updaters;
    // Whoever is considered was admitted as a client.
    if by != tended.intent.by() && !updaters.include(by, true) {
        return Err(DeployError::NotAllowed { by, workload });
    }
    let current = tended.wanted.lineage.generation();
    if current.next() != Some(generation) {
        return Err(DeployError::Conflict { workload, current });
    }
    Ok(())
}

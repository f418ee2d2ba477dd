//! Deploying: what an owner submits is taken into custody, or refused.

use gary_promise::{
    AGENTS_NAMED_MAX, AgentId, Body, Generation, INTERFACE_BYTES_MAX, INTERFACES_MAX, Keep,
    LABELS_MAX, LabelKey, LabelValue, Lineage, Own, Promise, ROUTES_MAX, Route, Time, Use,
    UseError, Valency, Verified, WorkloadId, WorkloadName,
};

use super::dismissed::dismiss;
use super::tended::Tended;
use super::workloads::{KeepChange, Tending, WORKLOADS_MAX, forget};
use crate::custody::PENDING_MAX;
use crate::hosting::Order;
use crate::sheet::{SHEET_BYTES_MAX, bytes_of};
use crate::voice::{Speech, Voice};

/// What an agent's capacity and whom it looks at take on its sheet together, at most.
const INTRODUCTION_BYTES_MAX: usize = 64 << 10;

// With eight bytes to spare for the packing of each item, and enough for each of the two records.
const _: () = assert!(
    INTERFACES_MAX * (INTERFACE_BYTES_MAX + 8)
        + LABELS_MAX * (LabelKey::BYTES_MAX + LabelValue::BYTES_MAX + 8)
        + AGENTS_NAMED_MAX * (32 + 8)
        + 2 * 1024
        <= INTRODUCTION_BYTES_MAX
);

/// The most bytes of all its `+keep` together, as they stand on its sheet, which has to have room for what its
/// machine has and whom it looks at besides.
pub const KEEPS_BYTES_MAX: usize = SHEET_BYTES_MAX - INTRODUCTION_BYTES_MAX;

/// What a `+keep` takes on a sheet besides its texts, at most, and what each of its texts does besides its letters.
const KEEP_BYTES: usize = bytes_of(&[0; 128]);
const TEXT_BYTES: usize = 8;

/// What a `+keep` takes on a sheet at most.
const KEEP_BYTES_MAX: usize = KEEP_BYTES
    + (WorkloadName::BYTES_MAX + TEXT_BYTES)
    + ROUTES_MAX * (Route::BYTES_MAX + TEXT_BYTES);

/// A deploy was refused. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeployError {
    /// Somebody else signed it, or it cannot be read.
    #[error(transparent)]
    Refused(#[from] crate::voice::Unverified),
    /// This agent takes no part.
    #[error(transparent)]
    HeldOff(#[from] crate::membership::HeldOff),
    /// Its disk is not the one that it has voted by.
    #[error(transparent)]
    SetBack(#[from] crate::custody::SetBack),
    /// This agent has left.
    #[error("this node has left its cluster")]
    Left,
    /// This agent is drained, and it knows of nobody else that could keep it.
    #[error("this node is drained, and no other node that it knows of could keep anything")]
    Drained,
    /// It is a promise of another type.
    #[error("{found} is no intent")]
    NotAnIntent {
        /// What it is.
        found: &'static str,
    },
    /// It contradicts itself.
    #[error(transparent)]
    Contrary(#[from] UseError),
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
    /// This agent has known of more members that might keep something, and has not found them since it started.
    #[error(
        "this node has found {known} of the {before} nodes that it knew before it started, and cannot tell yet who keeps what: try again, or by another node"
    )]
    Unacquainted {
        /// How many it knows of.
        known: usize,
        /// How many it knew of.
        before: u32,
    },
    /// As much is pending here as can be.
    #[error(
        "this node holds {PENDING_MAX} pending intents, and takes no more: withdraw some, or acknowledge those that were refused"
    )]
    TooManyPending,
    /// This agent keeps as much as it can.
    #[error(
        "this node keeps as many workloads as it can: at most {WORKLOADS_MAX}, of {KEEPS_BYTES_MAX} bytes together"
    )]
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
        let (lineage, generation) = (wanted.lineage, wanted.lineage.generation());
        match (self.tended.get(&workload), lineage) {
            // The same submission again changes nothing.
            (Some(tended), _) if tended.intent.id() == intent.id() => {}
            (Some(tended), Lineage::Updates(_)) => {
                check_update(tended, &intent, generation)?;
                self.update(now, workload, intent, voice)?;
            }
            (None, Lineage::Updates(_)) => return Err(DeployError::NotKept { workload }),
            // What founded it, submitted again after an update, founds nothing anew.
            (Some(tended), Lineage::Founds) => {
                let current = tended.wanted.lineage.generation();
                return Err(DeployError::Conflict { workload, current });
            }
            (None, Lineage::Founds) => self.found(now, workload, intent, voice)?,
        }
        self.wake(workload, now);
        Ok((workload, generation))
    }

    /// Tends a workload from now on.
    pub(super) fn found<C: Speech>(
        &mut self,
        now: Time,
        workload: WorkloadId,
        intent: Verified<Promise>,
        voice: &mut Voice<C, Order>,
    ) -> Result<(), DeployError> {
        if self.tended.len() >= WORKLOADS_MAX {
            return Err(DeployError::Full);
        }
        let wanted = wanted(&intent)?;
        let keep = keep(workload, &wanted);
        check_room(self.keeps_bytes, &keep)?;
        voice.keep_promise(&intent);
        let made = voice.promise(Body::Keep(keep));
        self.keeps_bytes += bytes(&made);
        voice.keep_intent(made.id(), intent.id());
        self.changes.push(KeepChange::Made(made.clone()));
        let tended = Tended::new(workload, intent, wanted, made, now);
        self.tended.insert(workload, tended);
        Ok(())
    }

    /// A later intent takes the place of the one of a workload that is tended.
    pub(super) fn update<C: Speech>(
        &mut self,
        now: Time,
        workload: WorkloadId,
        intent: Verified<Promise>,
        voice: &mut Voice<C, Order>,
    ) -> Result<(), DeployError> {
        let Some(tended) = self.tended.get_mut(&workload) else {
            return Err(DeployError::NotKept { workload });
        };
        let wanted = wanted(&intent)?;
        let later = keep(workload, &wanted);
        check_room(self.keeps_bytes - bytes(&tended.keep), &later)?;
        voice.keep_promise(&intent);
        let stood = tended.stands(voice.promiser().epoch());
        tended.history.add(stood, voice);
        let body = Body::Keep(later);
        if tended.keep.body() != &body {
            let made = voice.revise(&tended.keep, body);
            self.keeps_bytes -= bytes(&tended.keep);
            self.keeps_bytes += bytes(&made);
            tended.keep = made.clone();
            self.changes.push(KeepChange::Made(made));
        }
        voice.keep_intent(tended.keep.id(), intent.id());
        tended.history.store(&tended.keep, voice);
        for (host, offer) in tended.update(intent, wanted, now) {
            dismiss(voice, host, [offer]);
            forget(&mut self.by_host, &mut self.renewed, &host, offer);
        }
        Ok(())
    }

    /// A name means this workload by now: whatever else it meant is deleted, though this agent may not have heard so.
    pub(crate) fn supersede(&mut self, now: Time, name: &WorkloadName, by: &WorkloadId) {
        let others = self.tended.iter_mut().filter(|(workload, tended)| {
            *workload != by && tended.wanted.name == *name && tended.wanted.valency != Valency::NONE
        });
        let mut over = Vec::new();
        for (workload, tended) in others {
            tended.wanted.valency = Valency::NONE;
            over.push(*workload);
        }
        for workload in over {
            self.wake(workload, now);
        }
    }

    /// Whether there is room for one workload more, whatever it is called.
    pub(crate) fn has_room(&self) -> bool {
        self.tended.len() < WORKLOADS_MAX && self.keeps_bytes + KEEP_BYTES_MAX <= KEEPS_BYTES_MAX
    }
}

/// Whether an intent does not contradict itself.
pub(crate) fn check_intent(intent: &Verified<Promise>) -> Result<(), UseError> {
    match intent.body() {
        Body::Use(wanted) => wanted.check(),
        _ => Ok(()),
    }
}

/// What an intent wants.
fn wanted(intent: &Verified<Promise>) -> Result<Use, DeployError> {
    check_intent(intent)?;
    match intent.body() {
        Body::Use(wanted) => Ok(Use::clone(wanted)),
        other => Err(DeployError::NotAnIntent {
            found: other.notation(),
        }),
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
    if !tended.wanted.lets_update(tended.intent.by(), by) {
        return Err(DeployError::NotAllowed { by, workload });
    }
    let current = tended.wanted.lineage.generation();
    if current.next() != Some(generation) {
        return Err(DeployError::Conflict { workload, current });
    }
    Ok(())
}

/// Whether the sheet has room for one more `+keep`, besides so many bytes.
fn check_room(others_bytes: usize, keep: &Keep) -> Result<(), DeployError> {
    let routes = keep
        .routes
        .iter()
        .map(|route| route.as_str().len() + TEXT_BYTES);
    let texts = keep.name.as_str().len() + TEXT_BYTES + routes.sum::<usize>();
    match others_bytes + KEEP_BYTES + texts > KEEPS_BYTES_MAX {
        true => Err(DeployError::Full),
        false => Ok(()),
    }
}

/// What a `+keep` takes on a sheet.
pub(super) fn bytes(keep: &Own<Promise>) -> usize {
    bytes_of(keep.signed().bytes())
}

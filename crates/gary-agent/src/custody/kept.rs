//! What the register of a name holds, as its keepers read it.

use gary_promise::{
    Body, Earlier, Entry, Generation, Mode, Promise, Runs, Use, Valency, Verified, WorkloadId,
    WorkloadName,
};

use crate::refused::Fault;
use crate::voice::{Speech, Voice};

/// What the register of a name holds: the intent that stands, checked, which stood before it, and what has been run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    intent: Intent,
    earlier: Earlier,
    runs: Runs,
}

/// An intent: a promise that is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Intent {
    promise: Verified<Promise>,
    workload: WorkloadId,
}

impl Intent {
    /// The intent that a promise is, if it is one that does not contradict itself.
    pub(crate) fn of(promise: Verified<Promise>) -> Option<Self> {
        let workload = promise.workload()?;
        let is_one = matches!(promise.body(), Body::Use(wanted) if wanted.check().is_ok());
        is_one.then_some(Self { promise, workload })
    }

    pub(crate) const fn promise(&self) -> &Verified<Promise> {
        &self.promise
    }

    pub(crate) fn wanted(&self) -> &Use {
        let Body::Use(wanted) = self.promise.body() else {
            unreachable!("it was looked at when it was made");
        };
        wanted
    }

    pub(crate) const fn workload(&self) -> WorkloadId {
        self.workload
    }

    pub(crate) fn name(&self) -> &WorkloadName {
        &self.wanted().name
    }

    pub(crate) fn generation(&self) -> Generation {
        self.wanted().lineage.generation()
    }

    /// Whether it deletes its workload.
    pub(crate) fn deletes(&self) -> bool {
        self.wanted().valency == Valency::NONE
    }
}

impl Kept {
    /// Reads what others say that the register of this name holds.
    pub(super) fn read<C: Speech, O>(
        entry: Entry,
        name: &WorkloadName,
        voice: &mut Voice<C, O>,
    ) -> Result<Self, Fault> {
        let promise = voice.verify(entry.intent)?;
        let intent = Intent::of(promise).ok_or(Fault::OutOfPlace)?;
        if intent.name() != name {
            return Err(Fault::Mismatch);
        }
        Ok(Self {
            intent,
            earlier: entry.earlier,
            runs: entry.runs,
        })
    }

    /// How it is said and stored.
    pub(super) fn entry(&self) -> Entry {
        Entry {
            intent: self.intent.promise.signed().clone(),
            earlier: self.earlier.clone(),
            runs: self.runs.clone(),
        }
    }

    /// What follows from `before` by an intent. What was run by schedule stays, as long as its ticks are the same: else one
    /// might begin twice. A later generation of a job is run anew.
    pub(super) fn after(before: Option<&Self>, intent: Intent) -> Self {
        let earlier = before.map(|its| its.earlier.clone().and(its.intent.promise.id()));
        let goes_on = before.filter(|its| {
            let modes = (its.intent.wanted().mode, intent.wanted().mode);
            its.intent.workload == intent.workload
                && matches!(modes, (Mode::Schedule(one, _), Mode::Schedule(other, _)) if one.numbers_like(&other))
        });
        let runs = goes_on.map(|its| its.runs.clone());
        Self {
            intent,
            earlier: earlier.unwrap_or_default(),
            runs: runs.unwrap_or_default(),
        }
    }

    /// The same, with other runs.
    pub(super) fn with_runs(&self, runs: Runs) -> Self {
        Self {
            runs,
            ..self.clone()
        }
    }

    /// What has been run to completion.
    pub(crate) const fn runs(&self) -> &Runs {
        &self.runs
    }

    /// The intent that stands.
    pub(crate) const fn intent(&self) -> &Intent {
        &self.intent
    }

    /// Whether an intent stands or stood.
    pub(super) fn has(&self, intent: &Intent) -> bool {
        let id = intent.promise.id();
        self.intent.promise.id() == id || self.earlier.has(&id)
    }
}

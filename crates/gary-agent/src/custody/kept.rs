//! What the register of a name holds, as its keepers read it.

use gary_promise::{
    Body, Earlier, Entry, Generation, Promise, Use, Valency, Verified, WorkloadId, WorkloadName,
};

use crate::refused::Fault;
use crate::voice::{Speech, Voice};

/// What the register of a name holds: the intent that stands, checked, and which stood before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    intent: Intent,
    earlier: Earlier,
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
        let is_one = matches!(promise.body(), Body::Use(wanted) if !wanted.is_contrary());
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
        })
    }

    /// How it is said and stored.
    pub(super) fn entry(&self) -> Entry {
        Entry {
            intent: self.intent.promise.signed().clone(),
            earlier: self.earlier.clone(),
        }
    }

    /// What follows from `before` by an intent.
    pub(super) fn after(before: Option<&Self>, intent: Intent) -> Self {
        let earlier = before.map(|its| its.earlier.clone().and(its.intent.promise.id()));
        Self {
            intent,
            earlier: earlier.unwrap_or_default(),
        }
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

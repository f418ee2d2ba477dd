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

    /// What the name meant before, by the intents that stood.
    pub(super) fn meant_before(&self) -> Vec<WorkloadId> {
        meant_before(&self.earlier, self.intent.workload)
    }

    /// Whether an intent stands or stood.
    pub(super) fn has(&self, intent: &Intent) -> bool {
        let id = intent.promise.id();
        self.intent.promise.id() == id || self.earlier.has(&id)
    }
}

/// By which of these a workload may have been founded that had a name before this one. Of those that only updated one, that
/// makes workloads that never were. Where it is forgotten by which this one was founded, so are those.
fn meant_before(earlier: &Earlier, workload: WorkloadId) -> Vec<WorkloadId> {
    let founded: Vec<WorkloadId> = earlier
        .iter()
        .map(|its| WorkloadId::founded_by(*its))
        .collect();
    let since = founded.iter().position(|its| *its == workload);
    founded[..since.unwrap_or_default()].to_vec()
}

#[cfg(test)]
mod tests {
    use gary_promise::{AgentId, BootEpoch, EARLIER_MAX, PromiseId, Sequence, Version};

    use super::*;

    fn intent(number: u64) -> PromiseId {
        PromiseId {
            promiser: AgentId::from_bytes([1; 32]),
            version: Version {
                epoch: BootEpoch(1),
                sequence: Sequence::new(number).expect("not zero"),
            },
        }
    }

    #[test]
    fn a_name_meant_what_was_founded_before_what_it_means_now() {
        // The first was founded, updated and deleted, and then the second founded and updated.
        let earlier = Earlier::new((1..=5).map(intent));
        let [first, second] = [1, 4].map(|number| WorkloadId::founded_by(intent(number)));
        let meant = meant_before(&earlier, second);
        assert!(meant.contains(&first) && !meant.contains(&second));
        assert_eq!(meant.len(), 3);
        assert_eq!(meant_before(&earlier, first), []);
        let earlier = Earlier::new((1..=5 + EARLIER_MAX as u64).map(intent));
        assert_eq!(meant_before(&earlier, second), []);
    }
}

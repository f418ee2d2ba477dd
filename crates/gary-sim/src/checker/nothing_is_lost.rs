//! 21. Nothing acknowledged is lost: a committed intent survives any minority of its keepers' disks, and per workload its
//!     history is linearizable.

use std::collections::BTreeMap;

use gary_promise::{AgentId, Configuration, Generation, PromiseId, Time, WorkloadId};

use super::eras::Eras;
use super::pending::PendingIntents;
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// What a person is told is committed, a majority of its keepers has on disk, or of those who kept it before a change that
/// was chosen along with it, and somebody knows of it as long as a majority of them is not gone for good. That the history
/// is one that a single register could have, a test looks at beside the worlds of seeds: it takes a search through the
/// orders of what was submitted at once.
#[derive(Debug, Default)]
pub(super) struct NothingIsLost {
    /// The latest that was told of each workload, and who keeps it.
    committed: BTreeMap<WorkloadId, (Generation, PromiseId, Configuration)>,
    pending: PendingIntents,
    eras: Eras,
    premises: u64,
}

impl Checker for NothingIsLost {
    fn property(&self) -> Property {
        Property {
            number: 21,
            name: "nothing acknowledged is lost",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        self.pending.check(at, seen, book)?;
        self.eras.check(at, seen, book)?;
        let Some((teller, id, keepers)) = seen.committed() else {
            return Ok(());
        };
        let workload = book.promises.get(&id).and_then(|its| its.workload());
        let (Some(workload), Some(wanted)) = (workload, book.intent(&id)) else {
            return Ok(());
        };
        self.premises += 1;
        let generation = wanted.lineage.generation();
        // Along with a change of keepers it is chosen by those before, a majority of whom meets every majority of those after.
        let count = |its| having(&workload, (generation, id), its, book).count();
        let before = book.registers.configurations(&workload);
        let mut before = before.filter(|its| keepers.follows(its));
        let have = count(keepers);
        if have < keepers.majority() && !before.any(|its| count(its) >= its.majority()) {
            let (teller, what) = (book.names.of_agent(&teller), book.names.of_promise(&id));
            let all = keepers.keepers().len();
            return Err(format!(
                "{teller} says that {what} is committed, and {have} of its {all} keepers have stored it"
            ));
        }
        let told = (generation, id, keepers.clone());
        let latest = self.committed.entry(workload).or_insert(told.clone());
        if latest.0 < generation {
            *latest = told;
        }
        Ok(())
    }

    fn scan(&mut self, at: Time, book: &Book) -> Verdict {
        self.pending.scan(at, book)?;
        for (workload, (generation, id, keepers)) in &self.committed {
            let is_left = |its: &&AgentId| book.agents.get(its).is_some_and(|its| !its.is_gone);
            let left = keepers.keepers().iter().filter(is_left).count();
            let mut known = having(workload, (*generation, *id), keepers, book).filter(is_left);
            if left >= keepers.majority() && known.next().is_none() {
                let workload = book.names.of_workload(workload);
                return Err(format!(
                    "generation {generation} of {workload} was committed, and is lost"
                ));
            }
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

/// Which of the keepers have an intent of a workload on their disks, or a later one of it, or that it stood before what
/// the name means now.
fn having<'a>(
    workload: &WorkloadId,
    (generation, intent): (Generation, PromiseId),
    keepers: &'a Configuration,
    book: &Book,
) -> impl Iterator<Item = &'a AgentId> {
    let keepers = keepers.keepers().iter();
    let registers = &book.registers;
    keepers.filter(move |its| {
        registers.voted_for(workload, its) >= Some(generation) || registers.has_stood(intent, its)
    })
}

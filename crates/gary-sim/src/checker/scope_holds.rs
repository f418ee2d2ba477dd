//! 15. An agent outside a workload's scope never holds its details.

use gary_agent::Fact;
use gary_promise::{AgentId, Body, PromiseId, SignedRecord, Time, WorkloadId};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// What an agent has on its disk of a workload, it has because it keeps it, or offers or hosts some of it.
#[derive(Debug, Default)]
pub(super) struct ScopeHolds {
    premises: u64,
}

impl Checker for ScopeHolds {
    fn property(&self) -> Property {
        Property {
            number: 15,
            name: "scope holds",
        }
    }

    fn check(&mut self, _at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        let Seen::Stores { agent, facts } = *seen else {
            return Ok(());
        };
        let is_record = |fact: &&Fact| matches!(fact, Fact::Record(SignedRecord::Promise(_)));
        if facts.iter().any(|fact| is_record(&fact)) {
            for id in &book.made {
                self.look(agent, id, book)?;
            }
        }
        Ok(())
    }

    fn scan(&mut self, _at: Time, book: &Book) -> Verdict {
        for (agent, seen) in &book.agents {
            for id in seen.disk.iter().filter(|_| seen.is_up) {
                self.look(*agent, id, book)?;
            }
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl ScopeHolds {
    fn look(&mut self, agent: AgentId, id: &PromiseId, book: &Book) -> Verdict {
        let Some(promise) = book.promises.get(id) else {
            return Ok(());
        };
        let Some(workload) = promise.workload() else {
            return Ok(());
        };
        self.premises += 1;
        if keeps(agent, workload, book) || hosts(agent, workload, book) {
            return Ok(());
        }
        let (name, what) = (book.names.of_agent(&agent), book.names.of_promise(id));
        let kind = promise.body().notation();
        let workload = book.names.of_workload(&workload);
        Err(format!(
            "{name} holds {what} ({kind}), and has nothing to do with {workload}"
        ))
    }
}

fn keeps(agent: AgentId, workload: WorkloadId, book: &Book) -> bool {
    let disk = book.agents.get(&agent).map(|its| &its.disk);
    disk.into_iter().flatten().any(|id| {
        let promise = book.promises.get(id);
        id.promiser == agent
            && promise.is_some_and(
                |its| matches!(its.body(), Body::Keep(keep) if keep.workload == workload),
            )
    })
}

fn hosts(agent: AgentId, workload: WorkloadId, book: &Book) -> bool {
    let mut theirs = book.standing_of(agent);
    theirs.any(|(_, its)| its.host.workload == workload)
}

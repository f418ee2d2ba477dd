//! 15. An agent outside a workload's scope never holds its details.

use gary_promise::{AgentId, Body, Frame, PromiseId, Time, WorkloadId};

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
        if let Seen::Says {
            from,
            to,
            frame: Frame::Invitation(_),
        } = *seen
        {
            return check_invited(from, to, book);
        }
        let Seen::Stores { agent, .. } = *seen else {
            return Ok(());
        };
        // What is forgotten by the write that brought it was never held.
        let disk = book.agents.get(&agent).map(|its| &its.disk);
        for id in book
            .made
            .iter()
            .filter(|id| disk.is_some_and(|its| its.contains(id)))
        {
            self.look(agent, id, book)?;
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

/// Who is invited comes to know what is intended: nobody does in vain, whose machine does not fit or who looks at
/// nothing that the owner submits.
fn check_invited(keeper: AgentId, to: AgentId, book: &Book) -> Verdict {
    let Some(seen) = book.agents.get(&to) else {
        return Ok(());
    };
    for id in &book.made {
        let Some(wanted) = book.intent(id) else {
            continue;
        };
        if seen.published.fits(&wanted.needs).is_ok() && seen.considers(id.promiser) {
            continue;
        }
        let (keeper, to) = (book.names.of_agent(&keeper), book.names.of_agent(&to));
        let what = book.names.of_promise(id);
        return Err(format!(
            "{keeper} tells {to} of {what}, which does not fit it or is of an owner that it does not consider"
        ));
    }
    Ok(())
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

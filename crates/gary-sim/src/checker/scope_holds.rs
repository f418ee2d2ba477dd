//! 15. An agent outside a workload's scope never holds its details.

use gary_agent::Fact;
use gary_promise::{AgentId, Body, Frame, PromiseId, Time, WorkloadId};

use super::entry::{AgentSeen, fits};
use super::rounds::Rounds;
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// What an agent has on its disk of a workload, it has because it keeps it, or offers or hosts some of it, or because a
/// person has left it there until it can be kept. What is said of a promise is said to those that it is between, and an intent is told to few who may host it.
#[derive(Debug, Default)]
pub(super) struct ScopeHolds {
    rounds: Rounds,
    premises: u64,
}

impl Checker for ScopeHolds {
    fn property(&self) -> Property {
        Property {
            number: 15,
            name: "scope holds",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        let agent = match *seen {
            Seen::Says { from, to, frame } => {
                return match frame {
                    Frame::Invitation(invitation) => {
                        check_invited(from, to, book)?;
                        self.rounds.invited(at, from, to, invitation, book)
                    }
                    Frame::Told(_) => check_told(from, to, book),
                    Frame::Bound(_) => check_bound(from, to, book),
                    _ => Ok(()),
                };
            }
            Seen::Starts { agent, .. } | Seen::Stalls { agent, .. } => {
                self.rounds.forget(agent);
                return Ok(());
            }
            Seen::Hears {
                to,
                frame: Frame::Consults(consults),
                ..
            } => {
                self.rounds.consulted(at, to, consults);
                return Ok(());
            }
            Seen::Stores { agent, facts } => {
                for fact in facts {
                    if let Fact::Keeps { intent, .. } = fact {
                        self.rounds.taken(agent, *intent, book);
                    }
                }
                agent
            }
            _ => return Ok(()),
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
        let is_pending = |its: &AgentSeen| its.pending.contains_key(id);
        if keeps(agent, workload, book)
            || hosts(agent, workload, book)
            || book.agents.get(&agent).is_some_and(is_pending)
        {
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
        // That it has revised what its machine has, the keeper may not have heard yet.
        let mut published = seen.published_since(Time::from_us(0));
        let is_fit = published.any(|its| fits(its, &wanted.needs));
        if is_fit && seen.considers(id.promiser) {
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

/// What is hosted by the word of one keeper is told only to others of the workload, and by its host.
fn check_bound(from: AgentId, to: AgentId, book: &Book) -> Verdict {
    let is_theirs = |id: &&PromiseId| id.promiser == from && book.is_counted_by(id, &to);
    match book.bound.iter().find(|id| !is_theirs(id)) {
        Some(id) => {
            let (from, to) = (book.names.of_agent(&from), book.names.of_agent(&to));
            let what = book.names.of_promise(id);
            Err(format!(
                "{from} tells {to} of {what}, whose workload it does not keep"
            ))
        }
        None => Ok(()),
    }
}

/// What is said of a promise, or that it is withdrawn, is for those two that it is between.
fn check_told(from: AgentId, to: AgentId, book: &Book) -> Verdict {
    let taken_back = book.taken_back.iter().map(|(id, _)| id);
    for id in book.made.iter().chain(taken_back) {
        let other = match book.promises.get(id).map(|its| its.body()) {
            // Each keeper of its workload goes by it.
            Some(Body::Host(_)) if id.promiser == from && book.is_counted_by(id, &to) => continue,
            Some(Body::Host(host)) => Some(host.promisee),
            Some(Body::Accept(accept)) => Some(accept.offer.promiser),
            Some(_) => None,
            // Whoever takes it back has never said it to anybody.
            None => continue,
        };
        let is_between = |agent: AgentId| agent == id.promiser || Some(agent) == other;
        if other.is_none() || !is_between(from) || !is_between(to) {
            let (from, to) = (book.names.of_agent(&from), book.names.of_agent(&to));
            let what = book.names.of_promise(id);
            return Err(format!(
                "{from} tells {to} of {what}, which is none of theirs"
            ));
        }
    }
    Ok(())
}

/// Whether an agent promises to keep a workload, by its disk.
pub(super) fn keeps(agent: AgentId, workload: WorkloadId, book: &Book) -> bool {
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

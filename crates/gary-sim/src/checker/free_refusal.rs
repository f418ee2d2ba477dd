//! 3. An agent that declines everything stays a healthy member; nobody retries it without limit, or counts
//!    refusal as breakage.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{
    AgentId, Frame, PromiseId, Reason, Refusal, Resources, Slot, Time, Why, WorkloadId,
};

use super::entry::{dismissed, in_pages};
use super::room::taken;
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// For how long nobody is asked again who refused, in microseconds: less than agents rest, by what a clock
/// may be wrong.
const RESTS_US: u64 = 4_900_000;

/// The same for who is busy.
const BUSY_FOR_US: u64 = 900_000;

/// How long what a keeper has decided may wait for its disk, in microseconds: an invitation may be on its way
/// when the refusal of the one before is heard.
const ON_ITS_WAY_US: u64 = 2_000_000;

/// How many may be: rounds follow one another while a slow disk holds back what they say. As many, and not one
/// after every refusal.
const ON_ITS_WAY_MAX: u32 = 2;

/// Who has refused is left alone for a while.
#[derive(Debug, Default)]
pub(super) struct FreeRefusal {
    /// When a keeper has heard of whom that it refuses which intent.
    refused: BTreeMap<(AgentId, AgentId, PromiseId), Refused>,
    /// For which slots a keeper has last asked whom that might make way for them there.
    asked: BTreeMap<(AgentId, AgentId, PromiseId), BTreeSet<Slot>>,
    /// How many were on their way, and since when.
    on_its_way: BTreeMap<(AgentId, AgentId, PromiseId), (Time, u32)>,
    premises: u64,
}

/// What a keeper has heard.
#[derive(Debug, Clone, Copy)]
struct Refused {
    at: Time,
    /// For want of room besides what it hosts: it was not asked yet whether that could make way.
    is_besides: bool,
    is_busy: bool,
    is_for_room: bool,
    /// For want of room too, or of what its machine is not.
    is_for_machine: bool,
}

impl Checker for FreeRefusal {
    fn property(&self) -> Property {
        Property {
            number: 3,
            name: "free refusal",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            // Who has started anew remembers no refusal, and one whose clock jumped has waited by it.
            Seen::Starts { agent, .. } | Seen::Stalls { agent, .. } => {
                self.refused.retain(|(keeper, _, _), _| *keeper != agent);
            }
            // Who has another machine by now may be asked again, by whoever knows.
            Seen::Revises { agent, .. } => self.revised(agent, agent, book),
            Seen::Hears {
                to,
                frame: Frame::Sheet(_),
                ..
            } => {
                if let Some(by) = book.capacity_heard {
                    self.revised(to, by, book);
                }
            }
            Seen::Hears {
                from,
                to,
                frame: Frame::Refusal(refusal),
                ..
            } => {
                self.premises += 1;
                let is_busy = refusal.why == Why::Busy;
                let is_for_room = is_busy || matches!(refusal.why, Why::NoRoom { .. });
                let asked = self.asked.get(&(to, from, refusal.intent));
                let is_instead = |slot: &Slot| asked.is_some_and(|its| its.contains(slot));
                let refused = Refused {
                    at,
                    is_besides: matches!(refusal.why, Why::NoRoom { .. })
                        && !refusal.slots.iter().any(is_instead),
                    is_busy,
                    is_for_room,
                    is_for_machine: is_for_room || matches!(refusal.why, Why::Misfit(_)),
                };
                self.refused.insert((to, from, refusal.intent), refused);
            }
            Seen::Says {
                from,
                frame: Frame::Refusal(refusal),
                ..
            } => return check_reason(at, from, refusal, book),
            // An offer takes a refusal back.
            Seen::Hears { from, to, .. } => {
                for id in &book.made {
                    if book.offers.contains_key(id) {
                        self.refused
                            .retain(|(keeper, by, _), _| (*keeper, *by) != (to, from));
                    }
                }
            }
            // What a keeper lets go of an agent's makes room there for more of the same workload.
            Seen::Says {
                from,
                to,
                frame: Frame::Told(_),
            } => {
                let let_go = book.taken_back.iter();
                let outdated = let_go.filter(|(_, why)| *why == Reason::Outdated);
                let workloads = outdated
                    .filter_map(|(id, _)| book.acceptances.get(id))
                    .map(|its| its.accept.workload);
                self.has_room((from, to), &workloads.collect(), book);
            }
            Seen::Says {
                from,
                to,
                frame: Frame::Dismissal(dismissal),
            } => {
                let workloads = dismissed(to, dismissal)
                    .filter_map(|id| book.offers.get(&id))
                    .map(|its| its.host.workload);
                self.has_room((from, to), &workloads.collect(), book);
            }
            Seen::Says {
                from,
                to,
                frame: Frame::Invitation(invitation),
            } => {
                for intent in &book.made {
                    let who = (from, to, *intent);
                    let slots = invitation.slots.iter().copied();
                    let instead: Vec<Slot> = slots
                        .filter(|slot| !invitation.beside.contains(slot))
                        .collect();
                    let hosted = |slot: &Slot| has_hosted((to, from), intent, *slot, book);
                    let is_all = instead.len() == invitation.slots.iter().count()
                        && instead.iter().all(|slot| hosted(slot).next().is_some());
                    let stands = |slot: &Slot| hosted(slot).any(|stands| stands);
                    let instead = instead.into_iter().filter(stands);
                    self.asked.insert(who, instead.collect());
                    // Who has no room for both may be asked, until it answers, whether the earlier can make way.
                    let is_besides = self.refused.get(&who).is_some_and(|its| its.is_besides);
                    if !(is_besides && is_all) {
                        self.check_rest(at, who, book)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl FreeRefusal {
    /// A keeper has made room at an agent for more of these workloads: of what that has refused for want of it, it may
    /// be asked again.
    fn has_room(&mut self, who: (AgentId, AgentId), workloads: &BTreeSet<WorkloadId>, book: &Book) {
        self.refused.retain(|(keeper, by, intent), its| {
            let workload = book.promises.get(intent).and_then(|its| its.workload());
            let has_room = workload.is_some_and(|its| workloads.contains(&its));
            (*keeper, *by) != who || !has_room || !its.is_for_room
        });
    }

    /// A keeper hears what an agent's machine has. If that has ever been something else, it may be asked again what it has
    /// refused for what its machine is.
    fn revised(&mut self, keeper: AgentId, by: AgentId, book: &Book) {
        let seen = book.agents.get(&by);
        if seen.is_some_and(|its| !its.earlier.is_empty()) {
            let who = (keeper, by);
            self.refused
                .retain(|(keeper, by, _), its| (*keeper, *by) != who || !its.is_for_machine);
        }
    }

    fn check_rest(&mut self, at: Time, who: (AgentId, AgentId, PromiseId), book: &Book) -> Verdict {
        let Some(refused) = self.refused.get(&who) else {
            return Ok(());
        };
        let since_us = at.as_us() - refused.at.as_us();
        let rests_us = if refused.is_busy {
            BUSY_FOR_US
        } else {
            RESTS_US
        };
        if since_us >= rests_us {
            return Ok(());
        }
        let (first_at, count) = self.on_its_way.entry(who).or_insert((at, 0));
        if at.as_us() - first_at.as_us() >= rests_us {
            (*first_at, *count) = (at, 0);
        }
        *count += 1;
        if *count <= ON_ITS_WAY_MAX && since_us < ON_ITS_WAY_US {
            return Ok(());
        }
        let (keeper, host) = (book.names.of_agent(&who.0), book.names.of_agent(&who.1));
        let ms = since_us / 1000;
        Err(format!(
            "{keeper} invites {host} again {ms} ms after it refused"
        ))
    }
}

/// The offers of an agent to host an earlier generation in a slot of what an intent intends: whether each stands, as far as
/// a keeper has heard.
fn has_hosted(
    (agent, keeper): (AgentId, AgentId),
    intent: &PromiseId,
    slot: Slot,
    book: &Book,
) -> impl Iterator<Item = bool> {
    let workload = book.promises.get(intent).and_then(|its| its.workload());
    let generation = book.intent(intent).map(|its| its.lineage.generation());
    let theirs = book.offers_of(agent).filter(move |(_, its)| {
        Some(its.host.workload) == workload
            && its.host.slot == slot
            && Some(its.host.generation) < generation
    });
    theirs.map(move |(id, its)| {
        let gone_at = book.hearings.withdrawn_at(keeper, id);
        // It may have heard since that it stands all the same.
        let is_gone = gone_at.is_some() && gone_at >= book.hearings.stands_at(keeper, id);
        its.withdrawn_at.is_none() && !is_gone
    })
}

/// Nobody owes a reason, and the one that is given is true as far as it can be seen.
fn check_reason(at: Time, agent: AgentId, refusal: &Refusal, book: &Book) -> Verdict {
    let seen = book.agents.get(&agent);
    let Some((seen, wanted)) = seen.zip(book.intent(&refusal.intent)) else {
        return Ok(());
    };
    let is_true = match &refusal.why {
        Why::Misfit(misfit) => book
            .published(at, &agent)
            .any(|its| its.fits(&wanted.needs).as_ref() == Err(misfit)),
        Why::NoRoom { needed, left } => {
            *needed == in_pages(wanted.needs.portion.resources())
                && !left.covers(*needed)
                && is_left(at, agent, *left, book)
        }
        Why::Superseded { by } => *by > wanted.lineage.generation(),
        Why::NotConsidered => {
            !seen.considers(refusal.intent.promiser)
                || book.was_drained(at, &agent, ON_ITS_WAY_US)
                || is_usurped(agent, refusal, book)
        }
        Why::Declined => !seen.is_willing || seen.leaves_at.is_some(),
        // What it offers to itself is not seen.
        Why::Hosting => true,
        Why::Busy => is_stopping(at, agent, book),
    };
    if is_true {
        return Ok(());
    }
    let (agent, intent) = (
        book.names.of_agent(&agent),
        book.names.of_promise(&refusal.intent),
    );
    Err(format!(
        "{agent} refuses {intent}: {}, which is not so",
        refusal.why
    ))
}

/// Whether as much may have been left of an agent's machine as it says.
fn is_left(at: Time, agent: AgentId, left: Resources, book: &Book) -> bool {
    let (at_least, at_most) = taken(at, agent, None, book);
    let mut published = book.published(at, &agent);
    published.any(|its| {
        let minus = |taken| its.resources.minus(taken).unwrap_or(Resources::NONE);
        minus(at_least).covers(left) && left.covers(minus(at_most))
    })
}

/// Whether something of an agent's stops, or did so when it may have decided to say so.
fn is_stopping(at: Time, agent: AgentId, book: &Book) -> bool {
    // What has stopped while it stood still, it hears of only now.
    let is_recent =
        |when: Time| at.as_us() <= book.awake_since(&agent, when).as_us() + ON_ITS_WAY_US;
    let mut theirs = book.offers_of(agent);
    theirs.any(|(id, its)| {
        its.withdrawn_at
            .is_some_and(|when| is_recent(when) || book.runs.contains_key(id))
    })
}

/// Whether the agent hosts something of the workload whose owner lets somebody else update it, and not this one.
fn is_usurped(agent: AgentId, refusal: &Refusal, book: &Book) -> bool {
    let mut theirs = book.standing_of(agent);
    theirs.any(|(_, its)| {
        its.host.workload == refusal.workload
            && book
                .lets_update(
                    refusal.workload,
                    its.host.generation,
                    refusal.intent.promiser,
                )
                .any(|lets| !lets)
    })
}

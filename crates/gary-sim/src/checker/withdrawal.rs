//! 12. A promiser may withdraw at any time; its scope is told, users re-bind, and notice differs from breakage.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::{Fact, Order};
use gary_promise::{AgentId, Frame, Invitation, PromiseId, Reason, Time, Version};

use super::draining::Draining;
use super::hearings::DECIDED_BEFORE_US;
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// How soon whoever a promise was made to has to be told that it is taken back, in microseconds, by an agent
/// that is up.
const TOLD_WITHIN_US: u64 = 2_000_000;

/// What is taken back is told to whom it was promised, and is never renewed, run or accepted again.
#[derive(Debug, Default)]
pub(super) struct Withdrawals {
    /// Taken back on disk, and not told yet.
    untold: BTreeMap<PromiseId, Time>,
    /// Who is on notice: away by plan, and until when nobody may hold that against it.
    away: BTreeMap<PromiseId, Away>,
    /// What its agent's person wants back, since when.
    wanted_back: BTreeMap<PromiseId, Time>,
    /// Who is told to go away by plan, since when, and whom it has told.
    away_soon: BTreeMap<AgentId, (Time, BTreeSet<AgentId>)>,
    /// Taken back, and said to be: a renewal that was said before may have waited for the disk with it.
    said: BTreeSet<PromiseId>,
    draining: Draining,
    premises: u64,
}

impl Checker for Withdrawals {
    fn property(&self) -> Property {
        Property {
            number: 12,
            name: "withdrawal",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        self.draining.check(at, seen, book)?;
        match *seen {
            Seen::Stores { agent, facts } => {
                for fact in facts {
                    if let Fact::Forgotten(id) = fact
                        && id.promiser == agent
                        && is_told_to_another(id, book)
                    {
                        self.untold.insert(*id, at);
                    }
                }
            }
            Seen::Says {
                from,
                to,
                frame: Frame::Absence(_),
            } => {
                if let Some((_, told)) = self.away_soon.get_mut(&from) {
                    told.insert(to);
                }
            }
            Seen::Says { from, frame, .. } => {
                if let Frame::Invitation(invitation) = frame {
                    self.check_invited(at, from, invitation, book)?;
                }
                for (id, reason) in &book.taken_back {
                    if self.untold.remove(id).is_some() {
                        self.premises += 1;
                    }
                    self.said.insert(*id);
                    self.check_notice(at, id, *reason, book)?;
                }
                if let Frame::Renewal(renewal) = frame {
                    for version in renewal.bound.iter().chain(renewal.offered.iter()) {
                        let offer = PromiseId {
                            promiser: from,
                            version: *version,
                        };
                        if self.said.contains(&offer) {
                            let offer = book.names.of_promise(&offer);
                            return Err(format!("{offer} is renewed after it was withdrawn"));
                        }
                    }
                }
            }
            Seen::Hears {
                from,
                to,
                frame: Frame::Absence(absence),
                ..
            } => {
                let away = Away {
                    since: at,
                    until: at.after(absence.notice.duration()),
                    version: absence.version,
                };
                let told = book.standing_of(from);
                for (id, _) in told.filter(|(_, its)| its.host.promisee == to) {
                    self.away.insert(*id, away);
                }
            }
            // Who is heard again is back.
            Seen::Hears {
                from,
                frame: Frame::Renewal(renewal),
                ..
            } => {
                self.away
                    .retain(|id, its| id.promiser != from || renewal.version < its.version);
            }
            Seen::TakesBack { offer, .. } if book.stands(&offer) => {
                self.wanted_back.insert(offer, at);
            }
            Seen::GoesAway { agent } => {
                self.away_soon.insert(agent, (at, BTreeSet::new()));
            }
            // Who says that something is not kept takes its notice back for that.
            Seen::Hears {
                from,
                frame: Frame::Denial(denial),
                ..
            } => {
                self.away.remove(&PromiseId {
                    promiser: from,
                    version: denial.of,
                });
            }
            Seen::Orders {
                order: Order::Start(start),
                ..
            } => {
                let offer = start.binding.id().offer;
                if book
                    .offers
                    .get(&offer)
                    .is_some_and(|its| its.withdrawn_at.is_some())
                {
                    let offer = book.names.of_promise(&offer);
                    return Err(format!("{offer} is started after it was withdrawn"));
                }
            }
            // What was stored before is said no more; whoever it was told to finds out by its lease.
            Seen::Ends { agent, .. } => {
                self.untold.retain(|id, _| id.promiser != agent);
                self.wanted_back.retain(|id, _| id.promiser != agent);
                if let Some((since, told)) = self.away_soon.remove(&agent) {
                    check_told(at, agent, since, &told, book)?;
                }
                check_left(at, agent, book)?;
            }
            Seen::Starts { agent, .. } => {
                self.away.retain(|id, _| id.promiser != agent);
                self.away_soon.remove(&agent);
            }
            _ => {}
        }
        for (id, when) in &self.untold {
            let since = book.awake_since(&id.promiser, *when);
            if at.as_us() > since.as_us() + TOLD_WITHIN_US {
                let what = book.names.of_promise(id);
                return Err(format!(
                    "{what} is withdrawn, and whom it was made to is not told"
                ));
            }
        }
        self.wanted_back.retain(|id, _| book.stands(id));
        for (id, when) in &self.wanted_back {
            let since = book.awake_since(&id.promiser, *when);
            if at.as_us() > since.as_us() + TOLD_WITHIN_US {
                let what = book.names.of_promise(id);
                return Err(format!("{what} is wanted back by its person, and stands"));
            }
        }
        Ok(())
    }

    fn scan(&mut self, at: Time, book: &Book) -> Verdict {
        self.draining.scan(at, book)
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

/// What a keeper was told of a host that goes away.
#[derive(Debug, Clone, Copy)]
struct Away {
    since: Time,
    until: Time,
    version: Version,
}

impl Withdrawals {
    /// Nobody else is invited for what is hosted by one that is away by plan, and does not leave.
    fn check_invited(
        &self,
        at: Time,
        keeper: AgentId,
        invitation: &Invitation,
        book: &Book,
    ) -> Verdict {
        let seen = book.agents.get(&keeper);
        if seen.is_none_or(|its| its.stalled_until > its.started_at) {
            return Ok(());
        }
        let started_at = seen.map(|its| its.started_at);
        let accepted = book
            .acceptances
            .iter()
            .filter(|(id, its)| id.promiser == keeper && its.is_counted());
        for (_, its) in accepted {
            let offer = &its.accept.offer;
            let (Some(away), Some(seen)) = (self.away.get(offer), book.offers.get(offer)) else {
                continue;
            };
            let is_now = at.as_us() >= away.since.as_us() + DECIDED_BEFORE_US
                && at.as_us() + 1_000_000 < away.until.as_us()
                && started_at < Some(away.since)
                && seen.withdrawn_at.is_none()
                && book.drained(&offer.promiser).is_none();
            let is_for_it = book.made.iter().any(|id| {
                let promise = book.promises.get(id);
                let generation = book.intent(id).map(|its| its.lineage.generation());
                promise.and_then(|its| its.workload()) == Some(seen.host.workload)
                    && generation == Some(seen.host.generation)
                    && invitation.slots.contains(&seen.host.slot)
            });
            if is_now && is_for_it {
                let (keeper, what) = (book.names.of_agent(&keeper), book.names.of_promise(offer));
                return Err(format!(
                    "{keeper} invites for the slot of {what}, whose host is away by plan"
                ));
            }
        }
        Ok(())
    }

    /// Who is away by plan is not taken for broken before it should be back.
    fn check_notice(&self, at: Time, id: &PromiseId, reason: Reason, book: &Book) -> Verdict {
        let Some(acceptance) = book.acceptances.get(id) else {
            return Ok(());
        };
        let offer = acceptance.accept.offer;
        if reason == Reason::Outdated {
            check_outdated(at, id, &offer, book)?;
        }
        let away = self.away.get(&offer);
        let is_early = away.is_some_and(|its| at.as_us() + 1_000_000 < its.until.as_us());
        let stands = book
            .offers
            .get(&offer)
            .is_some_and(|its| its.withdrawn_at.is_none());
        let keeper = book.agents.get(&id.promiser);
        let is_steady = keeper.is_some_and(|its| its.stalled_until <= its.started_at);
        if is_early
            && stands
            && is_steady
            && reason == Reason::Unstated
            && !book.is_up(&offer.promiser)
        {
            let what = book.names.of_promise(&offer);
            return Err(format!(
                "{what} is held for broken, and its host is away by plan"
            ));
        }
        Ok(())
    }
}

/// Whether somebody else knows of it.
fn is_told_to_another(id: &PromiseId, book: &Book) -> bool {
    if let Some(offer) = book.offers.get(id) {
        return offer.told_at.is_some() && offer.host.promisee != id.promiser;
    }
    let acceptance = book.acceptances.get(id);
    acceptance.is_some_and(|its| {
        its.accept.offer.promiser != id.promiser && its.stored_at.is_some() && !its.is_handed_over
    })
}

/// How long a node that goes away by plan has to have been told of it before it ends, in microseconds, for all that it
/// hosts for to have been told.
const TELLS_WITHIN_US: u64 = 900_000;

/// Who goes away by plan tells everybody that it hosts for.
fn check_told(
    at: Time,
    agent: AgentId,
    since: Time,
    told: &BTreeSet<AgentId>,
    book: &Book,
) -> Verdict {
    let seen = book.agents.get(&agent);
    let is_steady = seen.is_some_and(|its| its.stalled_until <= since);
    if !is_steady || at.as_us() < since.as_us() + TELLS_WITHIN_US {
        return Ok(());
    }
    let since = since.as_us();
    let mut hosts_for = book.standing_of(agent).filter(|(_, its)| {
        let is_old = its
            .told_at
            .is_some_and(|when| when.as_us() + DECIDED_BEFORE_US < since);
        is_old && its.host.promisee != agent && its.handed_over_at.is_none()
    });
    let untold = hosts_for.find(|(_, its)| !told.contains(&its.host.promisee));
    match untold {
        Some((id, its)) => {
            let (what, keeper) = (
                book.names.of_promise(id),
                book.names.of_agent(&its.host.promisee),
            );
            Err(format!("{what} is away by plan, and {keeper} is not told"))
        }
        None => Ok(()),
    }
}

/// Who leaves takes back what it has offered.
fn check_left(at: Time, agent: AgentId, book: &Book) -> Verdict {
    let seen = book.agents.get(&agent);
    let Some(since) = seen.and_then(|its| its.leaves_at) else {
        return Ok(());
    };
    let awake_since = book.awake_since(&agent, since);
    if at.as_us() < awake_since.as_us() + TELLS_WITHIN_US {
        return Ok(());
    }
    match book.standing_of(agent).next() {
        Some((id, _)) => {
            let what = book.names.of_promise(id);
            Err(format!("{what} stands, and its host has left"))
        }
        None => Ok(()),
    }
}

/// What is said to be outdated is: nobody uses its slot any more, or a later generation is hosted in it, or it is superseded
/// and another generation is hosted in it.
fn check_outdated(at: Time, acceptance: &PromiseId, offer: &PromiseId, book: &Book) -> Verdict {
    let Some(offered) = book.offers.get(offer) else {
        return Ok(());
    };
    // What its host has taken back already is over: a keeper that hears of that late takes nothing from anybody.
    if offered.withdrawn_at.is_some() {
        return Ok(());
    }
    let host = &offered.host;
    let of_it = book
        .promises
        .iter()
        .filter(|(_, its)| its.workload() == Some(host.workload));
    let intents = of_it.filter_map(|(id, _)| book.intent(id));
    let mut later = intents.filter(|its| its.lineage.generation() > host.generation);
    let is_superseded = later.clone().next().is_some();
    // What is run anew waits for nothing to take its place.
    let is_unused = later.any(|its| !its.valency.has(host.slot) || its.mode.completes());
    // What another keeper has bound stands for whoever has not heard otherwise from its host.
    let keeper = acceptance.promiser;
    let is_replaced = book.acceptances.iter().any(|(id, its)| {
        let later = book.offers.get(&its.accept.offer).map(|its| &its.host);
        let is_late = |when: Time| at.as_us() <= when.as_us() + DECIDED_BEFORE_US;
        let may_stand = its.withdrawn.is_none_or(|(when, _)| is_late(when))
            || (id.promiser != keeper && book.holds_for_standing(at, keeper, &its.accept.offer));
        book.counts(keeper, id, its)
            && may_stand
            && later.is_some_and(|later| {
                (later.workload, later.slot) == (host.workload, host.slot)
                    && (later.generation > host.generation
                        || (is_superseded && later.generation < host.generation))
            })
    });
    // Whoever goes by a disk that went back lets go what it knew nothing of then.
    let has_lost = book.registers.has_lost(&host.workload, &keeper);
    if is_unused || is_replaced || has_lost {
        return Ok(());
    }
    let what = book.names.of_promise(offer);
    Err(format!(
        "{what} is let go as outdated, and nothing takes its place"
    ))
}

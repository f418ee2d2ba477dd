//! Looking after who keeps the names that this agent keeps: whoever is gone for good has a successor, and custody grows
//! and shrinks with the cluster.
//!
//! Each keeper sees to it by what it knows itself, and what two do at once, the register settles. So that they seldom do,
//! each leaves it for a while to those before it.

use std::collections::BTreeSet;
use std::time::Duration;

use gary_promise::{AgentId, Configuration, Time, Verdict, Vote, WorkloadName, rendezvous};
use rand::Rng;

use super::kept::Kept;
use super::machine::{Custody, Parts, SETTLES_WITHIN};
use super::named::Named;
use super::succession::{is_amiss, successor};
use super::wanted::{Succession, Wanted};
use crate::backoff::Waits;
use crate::exclusive::Terms;
use crate::register::Votes;
use crate::voice::Speech;

/// How long a keeper is not there before it is held for gone for good, unless its operator has it otherwise. A machine
/// that starts again takes less, and whoever comes back later finds that others keep what it kept.
pub const REPLACES_AFTER: Duration = Duration::from_secs(60);

/// How long a keeper leaves a change of keepers to each before it that is there.
pub const STEPS_IN_AFTER: Duration = Duration::from_secs(2);

/// How long there are more keepers than are wanted before one of them goes.
pub const SHRINKS_AFTER: Duration = Duration::from_secs(10);

/// How long a keeper waits that could not change who keeps a name, before it tries again.
pub const SUCCESSION_WAITS: Waits = Waits {
    first_ms: 2_000,
    longest_ms: 60_000,
};

/// What a keeper makes of who keeps a name with it.
#[derive(Debug, Default)]
pub(super) struct Fellows {
    /// Who of them is not there, and since when by the time that this agent was awake.
    missing: Vec<(AgentId, Time)>,
    /// Since when others should keep it than do, and who, as the next change would have it.
    amiss: Option<(Time, Configuration)>,
    /// Not before, since it has failed.
    rests_until: Option<Time>,
    failures: u32,
    /// When it is thought over.
    pub(super) due_at: Option<Time>,
}

impl Fellows {
    fn is_missing_for(&self, agent: &AgentId, waking: Time) -> Option<Duration> {
        let its = self.missing.iter().find(|(its, _)| its == agent);
        its.map(|(_, since)| waking.since(*since))
    }

    fn look<C, R>(&mut self, keepers: &Configuration, me: AgentId, parts: &Parts<'_, C, R>) {
        let is_missing = |its: &AgentId| *its != me && !parts.candidates.is_up(its);
        self.missing
            .retain(|(its, _)| keepers.has(its) && is_missing(its));
        for fellow in keepers.keepers().iter().filter(|its| is_missing(its)) {
            if self.is_missing_for(fellow, parts.waking).is_none() {
                self.missing.push((*fellow, parts.waking));
            }
        }
    }

    /// When it is the turn of a keeper to make this change, after so many others and once it has rested. Who knows of too
    /// few members may have yet to find them: where custody shrinks, there is time.
    fn turn_at(&mut self, now: Time, to: &Configuration, shrinks: bool, place: u32) -> Time {
        let known = self.amiss.take().filter(|(_, known)| known == to);
        let (since, _) = *self.amiss.insert(known.unwrap_or((now, to.clone())));
        let waits = STEPS_IN_AFTER.saturating_mul(place);
        let turn_at = match shrinks {
            true => since.after(SHRINKS_AFTER + waits),
            false => since.after(waits),
        };
        self.rests_until.map_or(turn_at, |its| its.max(turn_at))
    }

    fn is_well(&mut self) {
        self.amiss = None;
        self.rests_until = None;
        self.failures = 0;
    }

    /// It could not be changed who keeps a name, or not by this agent.
    pub(super) fn note_failure(&mut self, now: Time, random: &mut impl Rng) {
        self.failures = self.failures.saturating_add(1);
        let at = now.after(SUCCESSION_WAITS.after(self.failures, random));
        self.rests_until = Some(at);
        self.due_at = Some(at);
    }
}

impl Custody {
    /// An agent is there, or is not any more, or has left: looks after the names that it keeps with this one, and those
    /// that somebody else should keep too.
    pub(crate) fn handle_fellow<C: Speech>(
        &mut self,
        agent: &AgentId,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let is_concerned = |(name, named): &(&WorkloadName, &Named)| {
            self.amiss.contains(*name) || named.keepers().is_some_and(|its| its.has(agent))
        };
        let concerned = self.names.iter().filter(is_concerned);
        let concerned: Vec<WorkloadName> = concerned.map(|(name, _)| name.clone()).collect();
        for name in concerned {
            self.look_after(&name, parts);
        }
        self.look_at_pending(parts.now);
    }

    /// There are more members than before, or fewer: looks after all names.
    pub(super) fn look_after_all<C: Speech>(&mut self, parts: &mut Parts<'_, C, impl Rng>) {
        let all: Vec<WorkloadName> = self.names.keys().cloned().collect();
        for name in all {
            self.look_after(&name, parts);
        }
    }

    /// Sees to it that those keep a name who should.
    pub(super) fn look_after<C: Speech>(
        &mut self,
        name: &WorkloadName,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let (me, now, waking) = (self.me, parts.now, parts.waking);
        let replaces_after = self.replaces_after;
        let members = self.members(parts);
        let Some(named) = self.names.get_mut(name) else {
            return;
        };
        let Some((keepers, is_exclusive)) = standing(named, &me) else {
            self.amiss.remove(name);
            return;
        };
        let keepers = keepers.clone();
        // Whoever comes grants nothing at first of what is exclusive, and nobody should have to wait for its grant.
        let may_change_at = named.seat.as_ref().filter(|_| is_exclusive);
        let may_change_at = may_change_at.and_then(|its| its.may_change_at(&Terms::OURS));
        named.fellows.look(&keepers, me, parts);
        let is_succeeding = named.is_succeeding();
        let apart = self.namesakes.get(name).cloned().unwrap_or_default();
        let fellows = &mut named.fellows;
        let is_gone = |its: &AgentId, missing: Option<Duration>| {
            parts.candidates.looks_at_nothing(its)
                || apart.contains(its)
                || missing.is_some_and(|its| its >= replaces_after)
        };
        let all = keepers.keepers().iter();
        let gone = all.filter(|its| is_gone(its, fellows.is_missing_for(its, waking)));
        let gone: BTreeSet<AgentId> = gone.copied().collect();
        let left = keepers.keepers().len() - gone.len();
        let waits_for = fellows.missing.iter();
        let waits_for = waits_for.filter(|(its, _)| !gone.contains(its));
        fellows.due_at = waits_for
            .map(|(_, since)| now.after(replaces_after.saturating_sub(waking.since(*since))))
            .min();
        if !is_amiss(&keepers, left, members) {
            fellows.is_well();
            self.amiss.remove(name);
            self.requeue(name);
            return;
        }
        self.amiss.insert(name.clone());
        // Who keeps another workload of the name, or has not heard yet that it keeps this one no more, does not come.
        let considering = parts.candidates.considering();
        let considering = considering
            .filter(|its| keepers.has(&its.agent) || !parts.keepers.shows(&its.agent, name));
        // Who is not there grants nothing, and goes before one that leaves and grants until then: of those that are left to begin
        // with, a majority is to be there.
        let away = fellows.missing.first().map(|(its, _)| *its);
        let goes_first = away.or_else(|| gone.first().copied());
        let goes_first = goes_first.filter(|_| is_exclusive && !gone.is_empty());
        let is_gone = |its: &AgentId| gone.contains(its);
        let to = successor(name, &keepers, is_gone, goes_first, members, considering);
        // Once somebody comes who could, it is looked after again.
        if let Some(to) = to
            && !is_succeeding
        {
            let place = place(name, &keepers, me, |its| parts.candidates.is_up(its));
            let shrinks = gone.is_empty() && to.keepers().len() < keepers.keepers().len();
            let turn_at = fellows.turn_at(now, &to, shrinks, place);
            let at = may_change_at.map_or(turn_at, |its| its.max(turn_at));
            if at <= now {
                let until = now.after(SETTLES_WITHIN);
                let wanted = Wanted::Keepers(Succession { to, until });
                self.step(name, parts, |register, _| register.want(wanted));
                return;
            }
            fellows.due_at = fellows.due_at.into_iter().chain([at]).min();
        }
        self.requeue(name);
    }

    /// What has become of a change of keepers. Whoever could not make one rests before it tries again, whatever it was told.
    pub(super) fn note_succession<C: Speech>(
        &mut self,
        name: &WorkloadName,
        verdict: &Verdict,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let is_done = matches!(verdict, Verdict::Committed(_));
        if let Some(named) = self.names.get_mut(name).filter(|_| !is_done) {
            named.fellows.note_failure(parts.now, parts.random);
        }
    }

    /// The names that this agent keeps, as far as it knows.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &WorkloadName> {
        let kept = self.names.iter();
        let kept = kept.filter(|(_, named)| standing(named, &self.me).is_some());
        kept.map(|(name, _)| name)
    }

    /// How many members there are that have not left: who is not there counts all the same.
    pub(crate) fn members<C, R>(&self, parts: &Parts<'_, C, R>) -> usize {
        let known = usize::try_from(self.acquaintance.count()).unwrap_or(usize::MAX);
        parts.candidates.considering_count().max(known)
    }
}

impl Named {
    /// Whether it is under way that others keep it.
    fn is_succeeding(&self) -> bool {
        let mut changes = self.register.changes().iter();
        changes.any(|its| matches!(its, Wanted::Keepers(_)))
    }

    /// By what was chosen, others may keep it than before. What was to be changed of that is thought over.
    pub(super) fn handle_keepers(&mut self, before: Option<&Configuration>) {
        if self.keepers() != before {
            self.fellows.is_well();
            let is_past = |its: &Wanted| matches!(its, Wanted::Keepers(_));
            self.register.drop_changes(is_past);
        }
    }
}

/// Who keeps a name, this agent among them, by what it knows to be chosen; and whether that is exclusive.
fn standing<'a>(named: &'a Named, me: &AgentId) -> Option<(&'a Configuration, bool)> {
    let votes = named.register.votes()?;
    let chosen: &Vote<Kept> = votes.chosen()?;
    let keepers = &chosen.entrusted.configuration;
    let is_exclusive = chosen.entrusted.content.intent().wanted().exclusive;
    let is_known = keepers == Votes::configuration(votes) && keepers.has(me);
    is_known.then_some((keepers, is_exclusive))
}

/// How many of the keepers who are there come before this one: in another order for each name.
fn place(
    name: &WorkloadName,
    keepers: &Configuration,
    me: AgentId,
    is_up: impl Fn(&AgentId) -> bool,
) -> u32 {
    let rank = |its: AgentId| rendezvous(name.as_str().as_bytes(), its);
    let before = keepers.keepers().iter().filter(|its| **its != me);
    let before = before.filter(|its| is_up(its) && rank(**its) < rank(me));
    u32::try_from(before.count()).unwrap_or(u32::MAX)
}

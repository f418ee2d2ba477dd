//! All registers of which this agent is a keeper, and what is to be kept there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use gary_promise::{
    AgentId, BootEpoch, Configuration, ConfigurationEpoch, Consultation, Consults, Entry, Frame,
    KEEPERS_MAX, Settlement, Time, Verdict, WorkloadId, WorkloadName,
};
use rand::Rng;

use super::acquaintance::Acquaintance;
use super::chosen::Chosen;
use super::collecting::Collected;
use super::kept::{Intent, Kept};
use super::named::{Named, Step};
use super::namesakes;
use super::passing::Passing;
use super::pending::Pending;
use super::proposed::proposed;
use super::recollection::Recollection;
use super::succession::sizes;
use super::wanted::{Asker, Submitted, Wanted};
use crate::candidates::Candidates;
use crate::hosting::Order;
use crate::keepers::Keepers;
use crate::register::{Register, Votes};
use crate::tending::Tending;
use crate::voice::{Speech, Voice, WriteId};

/// The most names that one agent keeps. It votes on no further one, and is silent about it.
pub const NAMES_MAX: usize = 65_536;

/// The most intents that wait at one agent for one name. What is submitted beyond is unsettled at once.
pub const WANTED_MAX: usize = 16;

/// How long whoever submits an intent waits at most to be told what has become of it.
pub const SETTLES_WITHIN: Duration = Duration::from_secs(5);

/// All registers of which this agent is a keeper, and what is to be kept there.
#[derive(Debug)]
pub(crate) struct Custody {
    pub(super) me: AgentId,
    pub(super) epoch: BootEpoch,
    pub(super) names: BTreeMap<WorkloadName, Named>,
    /// When something is to be done about which name.
    queue: BTreeSet<(Time, WorkloadName)>,
    /// Names that others should keep than do.
    pub(super) amiss: BTreeSet<WorkloadName>,
    /// How long a keeper is not there before another takes its place.
    pub(super) replaces_after: Duration,
    /// What it has forgotten of what was deleted.
    pub(super) collected: Collected,
    /// How far its store is, and those of others.
    pub(super) recollection: Recollection,
    /// Names on which it would vote, if it knew that it may.
    pub(super) unsure: BTreeSet<WorkloadName>,
    /// Of these it has voted in a way that it cannot read any more: it votes on them no more.
    pub(super) illegible: BTreeSet<WorkloadName>,
    /// Who is known to keep another workload of which of these.
    pub(super) namesakes: namesakes::Known,
    pub(super) passing: Passing<Intent>,
    /// What persons have left here until its keepers can be reached.
    pub(super) pending: Pending,
    /// When it is looked which of that can be kept.
    pub(super) looks_at_pending_at: Option<Time>,
    pub(super) acquaintance: Acquaintance,
    /// What persons are to be told once it is stored.
    pub(super) settled: VecDeque<(WriteId, Settlement)>,
    /// What was chosen, for whoever tends it.
    pub(super) chosen: VecDeque<Chosen>,
    /// Under which names workloads are kept, or were until they were deleted. There are no more than [`NAMES_MAX`].
    pub(super) by_workload: BTreeMap<WorkloadId, WorkloadName>,
}

/// What this agent works with.
pub(crate) struct Parts<'a, C, R> {
    pub(crate) now: Time,
    /// The time that this agent was awake, by which it judges others.
    pub(crate) waking: Time,
    pub(crate) candidates: &'a Candidates,
    pub(crate) keepers: &'a Keepers,
    /// What is hosted of the workloads that it keeps.
    pub(crate) tending: &'a Tending,
    pub(crate) voice: &'a mut Voice<C, Order>,
    pub(crate) random: &'a mut R,
}

impl Custody {
    pub(crate) fn new(me: AgentId, epoch: BootEpoch, replaces_after: Duration) -> Self {
        Self {
            me,
            epoch,
            names: BTreeMap::new(),
            queue: BTreeSet::new(),
            amiss: BTreeSet::new(),
            replaces_after,
            collected: Collected::default(),
            recollection: Recollection::new(me, epoch),
            unsure: BTreeSet::new(),
            illegible: BTreeSet::new(),
            namesakes: BTreeMap::new(),
            passing: Passing::new(),
            pending: Pending::default(),
            looks_at_pending_at: None,
            acquaintance: Acquaintance::new(),
            settled: VecDeque::new(),
            chosen: VecDeque::new(),
            by_workload: BTreeMap::new(),
        }
    }

    /// Remembers after a start what it has voted for.
    pub(crate) fn resume<C: Speech>(
        &mut self,
        name: WorkloadName,
        votes: Votes<Entry>,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let Ok(votes) = votes.try_map(|entry| Kept::read(entry, &name, parts.voice)) else {
            self.illegible.insert(name);
            return;
        };
        if let Some(chosen) = votes.chosen() {
            self.note_chosen(&name, chosen.clone(), false);
        }
        let proposed = votes.configuration().clone();
        let register = Register::new(self.me, self.epoch, Some(votes));
        let named = Named::new(register, proposed);
        self.names.insert(name.clone(), named);
        self.step(&name, parts, |_, _| {});
        self.look_after(&name, parts);
    }

    /// Remembers after a start how many members it has known.
    pub(crate) fn resume_acquaintance(&mut self, count: Option<u32>) {
        self.acquaintance.resume(count);
    }

    /// It was told whom to join its cluster by way of.
    pub(crate) const fn has_others(&mut self) {
        self.acquaintance.has_others();
    }

    /// As many members are known by now that might keep something as there are candidates.
    pub(crate) fn handle_members<C: Speech>(&mut self, parts: &mut Parts<'_, C, impl Rng>) {
        let before = sizes(self.members(parts));
        let count = parts.candidates.considering_count();
        if let Some(count) = self.acquaintance.update(count) {
            parts.voice.keep_acquaintance(count);
        }
        if sizes(self.members(parts)) != before {
            self.look_after_all(parts);
        }
        self.look_at_pending(parts.now);
    }

    /// A member does not keep anything for anybody any more, by its own word.
    pub(crate) fn handle_departure<C: Speech>(&mut self, parts: &mut Parts<'_, C, impl Rng>) {
        let before = sizes(self.members(parts));
        if let Some(count) = self.acquaintance.depart() {
            parts.voice.keep_acquaintance(count);
        }
        if sizes(self.members(parts)) != before {
            self.look_after_all(parts);
        }
    }

    /// It has to do with what several keep: remembers from now on how many it has known.
    pub(super) fn acquaint<C: Speech>(&mut self, voice: &mut Voice<C, Order>) {
        if let Some(count) = self.acquaintance.remember() {
            voice.keep_acquaintance(count);
        }
    }

    /// Who keeps the name of an intent, as far as this agent knows, or who would if nobody does. `None` as long as it knows of
    /// fewer members than before it started: it might think of others than everybody else does.
    pub(super) fn keepers<C, R>(
        &self,
        intent: &Intent,
        parts: &Parts<'_, C, R>,
    ) -> Option<Configuration> {
        let name = intent.name();
        let apart = self.kept_apart(name, &intent.workload(), parts.keepers);
        if apart.is_some() {
            return apart;
        }
        let known = self.names.get(name).and_then(Named::keepers);
        let known = known.filter(|_| !self.is_blank(name)).cloned();
        known
            .or_else(|| shown(name, parts.keepers))
            .or_else(|| self.proposed(name, parts))
    }

    /// Who would keep a name that nobody keeps.
    pub(super) fn proposed<C, R>(
        &self,
        name: &WorkloadName,
        parts: &Parts<'_, C, R>,
    ) -> Option<Configuration> {
        let count = parts.candidates.considering_count();
        let may_tell = self.acquaintance.is_made(count) && !self.illegible.contains(name);
        let proposed = may_tell.then(|| proposed(name, parts.candidates.considering()));
        proposed.flatten()
    }

    /// Whether more names can be kept.
    pub(super) fn has_room<C, R>(&self, name: &WorkloadName, parts: &Parts<'_, C, R>) -> bool {
        !self.is_blank(name) || (parts.tending.has_room() && self.names.len() < NAMES_MAX)
    }

    /// Tries to have an intent kept, by its own vote and others'.
    pub(super) fn want<C: Speech>(
        &mut self,
        intent: Intent,
        asker: Asker,
        proposed: Configuration,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let name = intent.name().clone();
        let blank = self.blank_register();
        let named = self.names.entry(name.clone());
        let named = named.or_insert_with(|| Named::new(blank, proposed.clone()));
        named.move_to(&proposed);
        let until = parts.now.after(SETTLES_WITHIN);
        let mut changes = named.register.changes_mut();
        if let Some(same) = changes.find_map(|its| its.submitted(&intent)) {
            same.askers.insert(asker);
            same.until = until;
            return;
        }
        drop(changes);
        let is_collected = self.collected.has(&intent.workload());
        let wanted = Wanted::Intent(Box::new(Submitted {
            intent,
            askers: BTreeSet::from([asker]),
            until,
        }));
        if is_collected {
            self.settle(&name, wanted, &Verdict::NotKept, parts);
            return;
        }
        if named.register.changes().len() >= WANTED_MAX {
            self.settle(&name, wanted, &Verdict::Unsettled, parts);
            return;
        }
        self.step(&name, parts, |register, _| register.want(wanted));
    }

    /// Whether it has voted for nothing there, and knows of nothing that was chosen.
    pub(super) fn is_blank(&self, name: &WorkloadName) -> bool {
        let votes = self.names.get(name).and_then(|its| its.register.votes());
        votes.is_none_or(Votes::are_blank)
    }

    /// Does what is due.
    pub(crate) fn handle_timeout<C: Speech>(&mut self, parts: &mut Parts<'_, C, impl Rng>) {
        let now = parts.now;
        while let Some((at, name)) = self.queue.first().cloned()
            && at <= now
        {
            self.queue.pop_first();
            let Some(named) = self.names.get_mut(&name) else {
                continue;
            };
            named.queued_at = None;
            named.rests_until.take_if(|at| *at <= now);
            let looks = named.fellows.due_at.take_if(|at| *at <= now).is_some();
            let asks_again = named.asks_at.take_if(|at| *at <= now).is_some();
            let reads = named.reads_at.take_if(|at| *at <= now).is_some();
            let tells = named.tells_at.take_if(|at| *at <= now).is_some();
            let collects = named.collects_at.take_if(|at| *at <= now).is_some();
            // Who is not there is told once it is back, and who neither keeps the name nor says so need not know.
            let keepers = named.keepers().cloned();
            named.untold.retain(|its| {
                let keeps = keepers.as_ref().is_some_and(|keepers| keepers.has(its));
                let says_so = || parts.keepers.shows(its, &name);
                parts.candidates.is_up(its) && (keeps || says_so())
            });
            let untold: Vec<AgentId> = named.untold.iter().copied().collect();
            let over = named.register.drop_changes(|its| its.until() <= now);
            for over in over {
                self.settle(&name, over, &Verdict::Unsettled, parts);
            }
            let reads = reads && self.is_sure_of(&name, parts);
            self.step(&name, parts, |register, done| {
                if asks_again && register.changes().is_empty() && !register.is_outbid() {
                    // Nobody waits for it, and it is tried again.
                    register.give_up();
                } else if asks_again {
                    register.handle_silence(done);
                }
                if reads {
                    register.read(done);
                }
                let chosen = register.votes().and_then(Votes::chosen);
                if let Some(chosen) = chosen.filter(|_| tells) {
                    let again = untold.into_iter();
                    done.said
                        .extend(again.map(|to| (to, Consultation::Chosen(chosen.clone()))));
                }
            });
            if looks {
                self.look_after(&name, parts);
            }
            if collects {
                self.try_to_collect(&name, parts);
            }
        }
        self.handle_submissions(parts);
    }

    pub(crate) fn due_at(&self) -> Option<Time> {
        let queued = self.queue.first().map(|(at, _)| *at);
        queued.into_iter().chain(self.submissions_due_at()).min()
    }

    /// Does something with a register, and what follows from it.
    pub(super) fn step<C: Speech>(
        &mut self,
        name: &WorkloadName,
        parts: &mut Parts<'_, C, impl Rng>,
        what: impl FnOnce(&mut Register<Kept, Wanted>, &mut Step),
    ) {
        let Some(named) = self.names.get_mut(name) else {
            return;
        };
        let before = named.register.votes().map(Votes::marks);
        let kept_by = named.keepers().cloned();
        let mut done = Step::default();
        what(&mut named.register, &mut done);
        let keepers = named.keepers().unwrap_or(&named.proposed);
        let may_try = named.register.changes().is_empty() || named.register.is_trying() || {
            let is_sure = self.recollection.is_sure(keepers, parts);
            if !is_sure {
                self.unsure.insert(name.clone());
            }
            is_sure
        };
        named.go_on(parts.now, may_try, &mut done, parts.random);
        named.note_seat(parts.now);
        named.note_told(parts.now, &done, parts.random);
        named.note_tombstone(parts.now, parts.random);
        if let Some(votes) = named.register.votes()
            && before != Some(votes.marks())
        {
            let Ok(votes) = votes.clone().try_map(entry);
            if done.has_voted {
                let sequence = self.recollection.commit();
                parts.voice.keep_sequence(sequence);
            }
            for (fellow, sequence) in self.recollection.take_unwritten() {
                parts.voice.keep_seen(fellow, sequence);
            }
            parts.voice.keep_votes(name.clone(), votes);
        }
        named.handle_keepers(kept_by.as_ref());
        let is_news = !done.chosen.is_empty() || !done.settled.is_empty();
        for chosen in done.chosen {
            let has_voted = before.is_some_and(|its| its.have_voted_in(chosen.ballot));
            self.note_chosen(name, chosen, has_voted);
        }
        if let Some(before) = done.superseded {
            self.note_superseded(name, before, parts);
        }
        for (to, what) in done.said {
            let Ok(what) = what.try_map(entry);
            self.say(name, to, what, parts.voice);
        }
        for (wanted, verdict) in done.settled {
            self.settle(name, wanted, &verdict, parts);
        }
        self.requeue(name);
        if is_news {
            self.look_after(name, parts);
        }
    }

    /// Says something of a register to another of its keepers.
    pub(super) fn say<C: Speech>(
        &self,
        name: &WorkloadName,
        to: AgentId,
        what: Consultation<Entry>,
        voice: &mut Voice<C, Order>,
    ) {
        let consults = Consults {
            name: name.clone(),
            sequence: self.recollection.told_to(&to),
            what,
        };
        voice.say(to, Frame::Consults(Box::new(consults)));
    }

    /// Knows nothing of a name any more.
    pub(super) fn forget_name(&mut self, name: &WorkloadName) {
        let queued_at = self.names.remove(name).and_then(|its| its.queued_at);
        if let Some(at) = queued_at {
            self.queue.remove(&(at, name.clone()));
        }
        self.amiss.remove(name);
        self.unsure.remove(name);
        self.by_workload.retain(|_, its| its != name);
    }

    /// Comes back to a name when something is to be done about it.
    pub(super) fn requeue(&mut self, name: &WorkloadName) {
        let Some(named) = self.names.get_mut(name) else {
            return;
        };
        let due_at = named.due_at();
        if let Some(at) = std::mem::replace(&mut named.queued_at, due_at) {
            self.queue.remove(&(at, name.clone()));
        }
        self.queue.extend(due_at.map(|at| (at, name.clone())));
    }
}

/// Who keeps a name by their sheets, as far as there is room for them.
pub(super) fn shown(name: &WorkloadName, keepers: &Keepers) -> Option<Configuration> {
    of_shown(keepers.of_name(name).map(|(agent, _)| agent))
}

/// These, who show that they keep something.
pub(super) fn of_shown(agents: impl Iterator<Item = AgentId>) -> Option<Configuration> {
    Configuration::new(ConfigurationEpoch::FIRST, agents.take(KEEPERS_MAX)).ok()
}

/// How it is said and stored.
pub(super) fn entry(kept: Kept) -> Result<Entry, Infallible> {
    Ok(kept.entry())
}

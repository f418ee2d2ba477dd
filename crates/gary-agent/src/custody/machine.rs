//! All registers of which this agent is a keeper, and what is to be kept there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use gary_promise::{
    AgentId, Answer, Answered, Asked, BootEpoch, Configuration, ConfigurationEpoch, Consultation,
    Consults, Entry, Frame, Promise, PromiseId, Settlement, Submission, Time, Verdict, Verified,
    Vote, WorkloadId, WorkloadName,
};
use rand::Rng;

use super::acquaintance::Acquaintance;
use super::kept::{Intent, Kept};
use super::passing::{Next, Passing};
use super::proposed::proposed;
use super::wanted::{Asker, Wanted};
use crate::backoff::Waits;
use crate::candidates::Candidates;
use crate::hosting::Order;
use crate::refused::Fault;
use crate::register::{Done, Register, Votes};
use crate::tending::DeployError;
use crate::voice::{Speech, Voice, WriteId};

/// The most names that one agent keeps. It votes on no further one, and is silent about it.
pub const NAMES_MAX: usize = 65_536;

/// The most intents that wait at one agent for one name. What is submitted beyond is unsettled at once.
pub const WANTED_MAX: usize = 16;

/// How long keepers have to answer before those who have not are asked again.
pub const ASKS_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// How long whoever submits an intent waits at most to be told what has become of it.
pub const SETTLES_WITHIN: Duration = Duration::from_secs(5);

/// How long an agent waits that was outbid before it tries again: long enough for the other to be done, and longer
/// each time.
pub const OUTBID_WAITS: Waits = Waits {
    first_ms: 50,
    longest_ms: 1_000,
};

/// How long a keeper waits that has voted and does not hear what was chosen, before it finds out itself.
pub const READS_WAITS: Waits = Waits {
    first_ms: 2_000,
    longest_ms: 60_000,
};

/// All registers of which this agent is a keeper, and what is to be kept there.
#[derive(Debug)]
pub(crate) struct Custody {
    me: AgentId,
    epoch: BootEpoch,
    names: BTreeMap<WorkloadName, Named>,
    /// When something is to be done about which name.
    queue: BTreeSet<(Time, WorkloadName)>,
    /// Of these it has voted in a way that it cannot read any more: it votes on them no more.
    illegible: BTreeSet<WorkloadName>,
    passing: Passing<Intent>,
    acquaintance: Acquaintance,
    /// What persons are to be told once it is stored.
    settled: VecDeque<(WriteId, Settlement)>,
    /// What was chosen, for whoever tends it.
    chosen: VecDeque<Vote<Kept>>,
    /// Under which names workloads are kept, or were until they were deleted. There are no more than [`NAMES_MAX`].
    by_workload: BTreeMap<WorkloadId, WorkloadName>,
}

/// The register of one name.
#[derive(Debug)]
struct Named {
    register: Register<Kept, Wanted>,
    /// Who would keep it if nobody does.
    proposed: Configuration,
    /// It was outbid, and does not try again before.
    rests_until: Option<Time>,
    /// How often in a row it was.
    outbid: u32,
    /// When those who have not answered are asked again.
    asks_at: Option<Time>,
    /// When it finds out what has become of its last vote, and how often it has tried to.
    reads_at: Option<Time>,
    reads: u32,
    /// When it stands in the queue.
    queued_at: Option<Time>,
}

/// What this agent works with.
pub(crate) struct Parts<'a, C, R> {
    pub(crate) now: Time,
    pub(crate) candidates: &'a Candidates,
    /// Whether this agent can tend one workload more.
    pub(crate) has_room: bool,
    pub(crate) voice: &'a mut Voice<C, Order>,
    pub(crate) random: &'a mut R,
}

type Step = Done<Kept, Wanted>;

impl Custody {
    pub(crate) const fn new(me: AgentId, epoch: BootEpoch) -> Self {
        Self {
            me,
            epoch,
            names: BTreeMap::new(),
            queue: BTreeSet::new(),
            illegible: BTreeSet::new(),
            passing: Passing::new(),
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
            self.note_chosen(&name, chosen.clone());
        }
        let proposed = votes.configuration().clone();
        let register = Register::new(self.me, self.epoch, Some(votes));
        let named = Named::new(register, proposed);
        self.names.insert(name.clone(), named);
        self.step(&name, parts, |_, _| {});
    }

    /// Something was chosen, and whoever tends it is to hear of it.
    fn note_chosen(&mut self, name: &WorkloadName, chosen: Vote<Kept>) {
        let workload = chosen.entrusted.content.intent().workload();
        if self.by_workload.len() < NAMES_MAX {
            self.by_workload.insert(workload, name.clone());
        }
        self.chosen.push_back(chosen);
    }

    /// What was chosen of late, for whoever tends it: what is intended, and who keeps it.
    pub(crate) fn poll_chosen(&mut self) -> Option<(Verified<Promise>, Configuration)> {
        let chosen = self.chosen.pop_front()?.entrusted;
        let intent = chosen.content.intent().promise().clone();
        Some((intent, chosen.configuration))
    }

    /// What is known to be chosen of a workload's register, with its name. It may be of another workload by now.
    fn held(&self, workload: &WorkloadId) -> Option<(&WorkloadName, &Vote<Kept>)> {
        let name = self.by_workload.get(workload)?;
        let votes = self.names.get(name)?.register.votes()?;
        Some((name, votes.chosen()?))
    }

    /// Whether a workload that was kept here is deleted.
    pub(crate) fn is_over(&self, workload: &WorkloadId) -> bool {
        self.held(workload).is_some_and(|(_, chosen)| {
            let intent = chosen.entrusted.content.intent();
            intent.workload() != *workload || intent.deletes()
        })
    }

    /// Others know of something later of this workload: finds out what.
    pub(crate) fn read<C: Speech>(
        &mut self,
        workload: &WorkloadId,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        if let Some((name, _)) = self.held(workload) {
            let name = name.clone();
            self.step(&name, parts, Register::read);
        }
    }

    /// A fellow keeper may not know what was chosen of this workload.
    pub(crate) fn show<C: Speech>(
        &self,
        workload: &WorkloadId,
        to: AgentId,
        voice: &mut Voice<C, Order>,
    ) {
        if let Some((name, chosen)) = self.held(workload)
            && chosen.entrusted.configuration.has(&to)
        {
            say_chosen(name, to, chosen, voice);
        }
    }

    /// An agent is there again, and may have missed what was chosen of the names that it keeps with this one.
    pub(crate) fn show_all<C: Speech>(&self, to: AgentId, voice: &mut Voice<C, Order>) {
        for (name, named) in &self.names {
            let chosen = named.register.votes().and_then(Votes::chosen);
            let both = |its: &&Vote<Kept>| {
                let keepers = &its.entrusted.configuration;
                keepers.has(&to) && keepers.has(&self.me)
            };
            if let Some(chosen) = chosen.filter(both) {
                say_chosen(name, to, chosen, voice);
            }
        }
    }

    /// Remembers after a start how many members it has known.
    pub(crate) fn resume_acquaintance(&mut self, count: Option<u32>) {
        self.acquaintance.resume(count);
    }

    /// It was told whom to join its cluster by way of.
    pub(crate) const fn has_others(&mut self) {
        self.acquaintance.has_others();
    }

    /// So many members are known by now that might keep something.
    pub(crate) fn handle_members<C: Speech>(&mut self, count: usize, voice: &mut Voice<C, Order>) {
        if let Some(count) = self.acquaintance.update(count) {
            voice.keep_acquaintance(count);
        }
    }

    /// A member does not keep anything for anybody any more, by its own word.
    pub(crate) fn handle_departure<C: Speech>(&mut self, voice: &mut Voice<C, Order>) {
        if let Some(count) = self.acquaintance.depart() {
            voice.keep_acquaintance(count);
        }
    }

    /// It has to do with what several keep: remembers from now on how many it has known.
    fn acquaint<C: Speech>(&mut self, voice: &mut Voice<C, Order>) {
        if let Some(count) = self.acquaintance.remember() {
            voice.keep_acquaintance(count);
        }
    }

    /// Who keeps a name, as far as this agent knows, or who would if nobody does. `None` as long as it knows of fewer
    /// members than before it started: it might think of others than everybody else does.
    fn keepers<C, R>(&self, name: &WorkloadName, parts: &Parts<'_, C, R>) -> Option<Configuration> {
        let known = self.names.get(name).and_then(Named::keepers);
        let known = known.filter(|_| !self.is_blank(name));
        known.cloned().or_else(|| self.proposed(name, parts))
    }

    /// Who would keep a name that nobody keeps.
    fn proposed<C, R>(
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
    fn has_room<C, R>(&self, name: &WorkloadName, parts: &Parts<'_, C, R>) -> bool {
        !self.is_blank(name) || (parts.has_room && self.names.len() < NAMES_MAX)
    }

    /// A person submits an intent. What becomes of it is told by [`Custody::poll_settlement`].
    ///
    /// # Errors
    ///
    /// When it is not taken; then nothing has changed.
    pub(crate) fn submit<C: Speech>(
        &mut self,
        intent: Intent,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), DeployError> {
        self.acquaint(parts.voice);
        let Some(keepers) = self.keepers(intent.name(), parts) else {
            return Err(DeployError::Unacquainted {
                known: parts.candidates.considering_count(),
                before: self.acquaintance.count(),
            });
        };
        if self.passing.is_full() || !self.has_room(intent.name(), parts) || parts.voice.is_behind()
        {
            return Err(DeployError::Full);
        }
        if keepers.has(&self.me) {
            self.want(intent, Asker::Person, keepers, parts);
            return Ok(());
        }
        let until = parts.now.after(SETTLES_WITHIN);
        let id = intent.promise().id();
        let begun = {
            let is_up = |its: &AgentId| parts.candidates.is_up(its);
            self.passing
                .begin(parts.now, until, (id, intent), keepers, is_up)
        };
        if let Some(first) = begun {
            self.pass_on(&id, first, parts.voice);
        }
        Ok(())
    }

    fn pass_on<C: Speech>(&self, id: &PromiseId, to: AgentId, voice: &mut Voice<C, Order>) {
        let Some(passed_on) = self.passing.get(id) else {
            return;
        };
        let intent = passed_on.intent.promise().signed().clone();
        voice.say(to, Frame::Submission(Box::new(Submission { intent })));
    }

    /// Another node passes an intent on.
    pub(crate) fn handle_submission<C: Speech>(
        &mut self,
        from: AgentId,
        submission: Submission,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), Fault> {
        let promise = parts.voice.verify(submission.intent)?;
        let intent = Intent::of(promise).ok_or(Fault::OutOfPlace)?;
        self.acquaint(parts.voice);
        // Whoever asks tries another if this agent cannot say.
        let Some(keepers) = self.keepers(intent.name(), parts) else {
            return Ok(());
        };
        if !self.has_room(intent.name(), parts) || parts.voice.is_behind() {
            return Ok(());
        }
        if !keepers.has(&self.me) {
            let settlement = Settlement {
                intent: intent.promise().id(),
                verdict: Verdict::Elsewhere(keepers),
            };
            let settlement = Frame::Settlement(Box::new(settlement));
            parts.voice.say(from, settlement);
            return Ok(());
        }
        self.want(intent, Asker::Node(from), keepers, parts);
        Ok(())
    }

    /// Tries to have an intent kept, by its own vote and others'.
    fn want<C: Speech>(
        &mut self,
        intent: Intent,
        asker: Asker,
        proposed: Configuration,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let name = intent.name().clone();
        let (me, epoch) = (self.me, self.epoch);
        let named = self.names.entry(name.clone());
        let named =
            named.or_insert_with(|| Named::new(Register::new(me, epoch, None), proposed.clone()));
        named.move_to(&proposed);
        let until = parts.now.after(SETTLES_WITHIN);
        let mut changes = named.register.changes_mut();
        if let Some(same) = changes.find(|its| its.intent == intent) {
            same.askers.insert(asker);
            same.until = until;
            return;
        }
        drop(changes);
        let wanted = Wanted {
            intent,
            askers: BTreeSet::from([asker]),
            until,
        };
        if named.register.changes().len() >= WANTED_MAX {
            self.settle(wanted, &Verdict::Unsettled, parts);
            return;
        }
        self.step(&name, parts, |register, _| register.want(wanted));
    }

    /// Another keeper of a name says something about its register.
    pub(crate) fn handle_consults<C: Speech>(
        &mut self,
        from: AgentId,
        consults: Consults,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), Fault> {
        self.acquaint(parts.voice);
        let Consults { name, what } = consults;
        let what = what.try_map(|entry| Kept::read(entry, &name, parts.voice))?;
        let known = self.names.get(&name).and_then(Named::keepers);
        let concerns = match &what {
            // Nobody tries in another's name.
            Consultation::Asked(asked) if asked.ballot.by != from => return Err(Fault::NotTheirs),
            Consultation::Asked(asked) => asked.configuration.clone(),
            Consultation::Chosen(chosen) => chosen.entrusted.configuration.clone(),
            Consultation::Answered(_) => known.ok_or(Fault::Unasked)?.clone(),
        };
        if !concerns.has(&from) && !known.is_some_and(|its| its.has(&from)) {
            return Err(Fault::NotForMe);
        }
        if known.is_none() && (!concerns.has(&self.me) || !self.has_room(&name, parts)) {
            return Err(Fault::NotForMe);
        }
        if let Consultation::Chosen(told) = &what
            && let Some(known) = self.names.get(&name)
            && let Some(known) = known.register.votes().and_then(Votes::chosen)
            && is_later(known, told)
        {
            say_chosen(&name, from, known, parts.voice);
            return Ok(());
        }
        if let Consultation::Asked(asked) = &what {
            // A disk that is behind is as good as gone.
            if parts.voice.is_behind() || self.illegible.contains(&name) {
                return Ok(());
            }
            if self.is_blank(&name) && concerns.epoch() == ConfigurationEpoch::FIRST {
                // It begins nothing that it would not begin with the same itself: so where some think of other keepers
                // than everybody else, it takes a majority of them.
                let Some(keepers) = self.proposed(&name, parts) else {
                    return Ok(());
                };
                if let Some(named) = self.names.get_mut(&name) {
                    named.move_to(&keepers);
                }
                if keepers != concerns {
                    say_answer(&name, from, asked, Answer::Elsewhere(keepers), parts.voice);
                    return Ok(());
                }
            } else if self.is_blank(&name) {
                say_answer(&name, from, asked, Answer::Behind, parts.voice);
                return Ok(());
            }
        }
        let (me, epoch) = (self.me, self.epoch);
        let named = || Named::new(Register::new(me, epoch, None), concerns);
        self.names.entry(name.clone()).or_insert_with(named);
        self.step(&name, parts, |register, done| {
            register.hear(from, what, done);
        });
        Ok(())
    }

    /// Whether it has voted for nothing there, and knows of nothing that was chosen.
    fn is_blank(&self, name: &WorkloadName) -> bool {
        let votes = self.names.get(name).and_then(|its| its.register.votes());
        votes.is_none_or(Votes::are_blank)
    }

    /// A keeper tells what has become of an intent that was passed on to it.
    pub(crate) fn handle_settlement<C: Speech>(
        &mut self,
        from: AgentId,
        settlement: Settlement,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), Fault> {
        let id = settlement.intent;
        let passed_on = self.passing.get(&id).ok_or(Fault::Unasked)?;
        if !passed_on.keepers.has(&from) {
            return Err(Fault::Unasked);
        }
        if let Verdict::Elsewhere(keepers) = &settlement.verdict {
            let is_up = |its: &AgentId| parts.candidates.is_up(its);
            if let Some(first) = self.passing.redirect(&id, keepers, is_up) {
                self.pass_on(&id, first, parts.voice);
            }
            return Ok(());
        }
        let Some(ended) = self.passing.end(&id) else {
            return Err(Fault::Unasked);
        };
        let generation = ended.intent.generation();
        let verdict = match settlement.verdict {
            // What one of them refuses for now, another might still come to see kept.
            Verdict::NameTaken(_) | Verdict::NotKept if ended.is_with_several => Verdict::Unsettled,
            Verdict::Conflict(now) if ended.is_with_several && now < generation => {
                Verdict::Unsettled
            }
            verdict => verdict,
        };
        let intent = settlement.intent;
        let settlement = Settlement { intent, verdict };
        self.settled.push_back((parts.voice.write(), settlement));
        Ok(())
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
            let asks_again = named.asks_at.take_if(|at| *at <= now).is_some();
            let reads = named.reads_at.take_if(|at| *at <= now).is_some();
            let over = named.register.drop_changes(|its| its.until <= now);
            for over in over {
                self.settle(over, &Verdict::Unsettled, parts);
            }
            self.step(&name, parts, |register, done| {
                if asks_again && register.changes().is_empty() {
                    // Nobody waits for it, and it is tried again.
                    register.give_up();
                } else if asks_again {
                    register.handle_silence(done);
                }
                if reads {
                    register.read(done);
                }
            });
        }
        let is_up = |its: &AgentId| parts.candidates.is_up(its);
        for (id, next) in self.passing.handle_timeout(now, is_up) {
            match next {
                Next::Ask(keeper) => self.pass_on(&id, keeper, parts.voice),
                Next::GiveUp => self.settled.push_back((
                    parts.voice.write(),
                    Settlement {
                        intent: id,
                        verdict: Verdict::Unsettled,
                    },
                )),
            }
        }
    }

    pub(crate) fn due_at(&self) -> Option<Time> {
        let queued = self.queue.first().map(|(at, _)| *at);
        queued.into_iter().chain(self.passing.due_at()).min()
    }

    /// What a person is to be told next, if all that it follows from is stored.
    pub(crate) fn poll_settlement(&mut self, stored: WriteId) -> Option<Settlement> {
        let (after, _) = self.settled.front()?;
        if *after > stored {
            return None;
        }
        self.settled.pop_front().map(|(_, its)| its)
    }

    /// Does something with a register, and what follows from it.
    fn step<C: Speech>(
        &mut self,
        name: &WorkloadName,
        parts: &mut Parts<'_, C, impl Rng>,
        what: impl FnOnce(&mut Register<Kept, Wanted>, &mut Step),
    ) {
        let Some(named) = self.names.get_mut(name) else {
            return;
        };
        let before = named.register.votes().map(Votes::marks);
        let mut done = Step::default();
        what(&mut named.register, &mut done);
        named.go_on(parts.now, &mut done, parts.random);
        if let Some(votes) = named.register.votes()
            && before != Some(votes.marks())
        {
            let Ok(votes) = votes.clone().try_map(entry);
            parts.voice.keep_votes(name.clone(), votes);
        }
        let due_at = named.due_at();
        if let Some(at) = std::mem::replace(&mut named.queued_at, due_at) {
            self.queue.remove(&(at, name.clone()));
        }
        self.queue.extend(due_at.map(|at| (at, name.clone())));
        for chosen in done.chosen {
            self.note_chosen(name, chosen);
        }
        for (to, what) in done.said {
            let Ok(what) = what.try_map(entry);
            let name = name.clone();
            parts
                .voice
                .say(to, Frame::Consults(Box::new(Consults { name, what })));
        }
        for (wanted, verdict) in done.settled {
            self.settle(wanted, &verdict, parts);
        }
    }

    /// Tells those who want to know what has become of an intent. Where others keep its name, its node asks them.
    fn settle<C: Speech>(
        &mut self,
        wanted: Wanted,
        verdict: &Verdict,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let Wanted {
            intent,
            askers,
            until,
        } = wanted;
        let id = intent.promise().id();
        for asker in askers {
            let settlement = Settlement {
                intent: id,
                verdict: verdict.clone(),
            };
            match (asker, verdict) {
                (Asker::Person, Verdict::Elsewhere(keepers)) if !self.passing.is_full() => {
                    let (passed_on, keepers) = ((id, intent.clone()), keepers.clone());
                    let is_up = |its: &AgentId| parts.candidates.is_up(its);
                    let now = parts.now;
                    let begun = self.passing.begin(now, until, passed_on, keepers, is_up);
                    if let Some(first) = begun {
                        // It may have been voted for here.
                        self.passing.is_with_several(&id);
                        self.pass_on(&id, first, parts.voice);
                    }
                }
                (Asker::Person, _) => self.settled.push_back((parts.voice.write(), settlement)),
                (Asker::Node(node), _) => {
                    parts
                        .voice
                        .say(node, Frame::Settlement(Box::new(settlement)));
                }
            }
        }
    }
}

impl Named {
    const fn new(register: Register<Kept, Wanted>, proposed: Configuration) -> Self {
        Self {
            register,
            proposed,
            rests_until: None,
            outbid: 0,
            asks_at: None,
            reads_at: None,
            reads: 0,
            queued_at: None,
        }
    }

    /// Who votes on it, if it has begun.
    fn keepers(&self) -> Option<&Configuration> {
        self.register.votes().map(Votes::configuration)
    }

    /// Tries what is to be tried.
    fn go_on(&mut self, now: Time, done: &mut Step, random: &mut impl Rng) {
        if let Some(keepers) = done.elsewhere.take() {
            self.is_kept_by(&keepers, done);
        }
        if done.is_outbid {
            self.outbid = self.outbid.saturating_add(1);
            self.rests_until = Some(now.after(OUTBID_WAITS.after(self.outbid, random)));
        }
        if !self.register.is_trying() && self.rests_until.is_none() {
            self.asks_at = None;
            self.begin(done);
        }
        if !done.settled.is_empty() {
            self.outbid = 0;
        }
        let is_trying = self.register.is_trying();
        if is_trying && self.asks_at.is_none() {
            self.asks_at = Some(now.after(ASKS_AGAIN_AFTER));
        }
        let is_open = self
            .register
            .votes()
            .is_some_and(|its| its.voted().is_some());
        if !is_open {
            self.reads = 0;
        }
        if is_trying || !is_open {
            self.reads_at = None;
        } else if self.reads_at.is_none() {
            self.reads = self.reads.saturating_add(1);
            self.reads_at = Some(now.after(READS_WAITS.after(self.reads, random)));
        }
    }

    /// When something is to be done, as long as something is wanted, or it is not known what became of a vote.
    fn due_at(&self) -> Option<Time> {
        let is_wanted = !self.register.changes().is_empty();
        let tries_at = match is_wanted {
            true => self.rests_until.or(self.asks_at),
            false => self.asks_at.filter(|_| self.register.is_trying()),
        };
        tries_at.into_iter().chain(self.reads_at).min()
    }

    /// Begins with the first change, and where that is settled at once with the next.
    fn begin(&mut self, done: &mut Step) {
        while !self.register.is_trying() && !self.register.changes().is_empty() {
            let settled = done.settled.len();
            self.register.begin(&self.proposed, done);
            if !self.register.is_trying() && done.settled.len() == settled {
                let keepers = self.keepers().unwrap_or(&self.proposed).clone();
                self.is_kept_by(&keepers, done);
            }
        }
    }

    /// It is thought by now that these would keep the name, if nobody does.
    fn move_to(&mut self, keepers: &Configuration) {
        self.proposed = keepers.clone();
        self.register.move_to(keepers);
    }

    /// Others keep the name: whoever wants something of it is to ask them.
    fn is_kept_by(&mut self, keepers: &Configuration, done: &mut Step) {
        let wanted = self.register.drop_changes(|_| true);
        let verdict = Verdict::Elsewhere(keepers.clone());
        done.settled
            .extend(wanted.into_iter().map(|its| (its, verdict.clone())));
    }
}

/// Says what was chosen.
fn say_chosen<C: Speech>(
    name: &WorkloadName,
    to: AgentId,
    chosen: &Vote<Kept>,
    voice: &mut Voice<C, Order>,
) {
    let Ok(chosen) = chosen.clone().try_map(entry);
    let (name, what) = (name.clone(), Consultation::Chosen(chosen));
    voice.say(to, Frame::Consults(Box::new(Consults { name, what })));
}

/// Whether one was chosen after the other.
fn is_later(one: &Vote<Kept>, other: &Vote<Kept>) -> bool {
    let [one_by, other_by] = [one, other].map(|its| its.entrusted.configuration.epoch());
    one_by > other_by || (one_by == other_by && one.ballot > other.ballot)
}

/// Answers what does not come to the register.
fn say_answer<C: Speech>(
    name: &WorkloadName,
    to: AgentId,
    asked: &Asked<Kept>,
    answer: Answer<Entry>,
    voice: &mut Voice<C, Order>,
) {
    let what = Consultation::Answered(Answered {
        epoch: asked.configuration.epoch(),
        ballot: asked.ballot,
        answer,
    });
    let name = name.clone();
    voice.say(to, Frame::Consults(Box::new(Consults { name, what })));
}

/// How it is said and stored.
fn entry(kept: Kept) -> Result<Entry, Infallible> {
    Ok(kept.entry())
}

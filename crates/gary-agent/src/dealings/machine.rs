//! What passes between this agent and each other one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use gary_promise::{
    AgentId, Body, BootEpoch, Consider, Frame, Generation, Lease, Notice, Own, Promise, PromiseId,
    Promiser, Resources, Signed, SignedRecord, Time, Verified, Verifier, WorkloadId, WorkloadName,
};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::doubts::Doubts;
use super::draining::Drained;
use super::setup::{Publication, Setup, Shown, Taken};
use super::waking::Waking;
use crate::candidates::Candidates;
use crate::custody::Custody;
use crate::exclusive::Grants;
use crate::hosting::{HostReport, Hosting, Order};
use crate::keepers::Keepers;
use crate::memory::Memory;
use crate::refused::{Counters, Fault};
use crate::tending::{
    Account, DeployError, GoBackError, GoingBack, KeepChange, Remembered, Stood, Tending, Tools,
};
use crate::voice::{Assessed, Fact, Speech, Transmit, Voice, Write, WriteId};

/// How long a hosting stands without being renewed, in milliseconds.
pub const LEASE_MS: u32 = 10_000;

/// How often leases are renewed: three times before they run out. Up to a quarter is taken away at random,
/// so that agents that started together do not speak together.
pub const RENEWS_EVERY: Duration = Duration::from_millis(3_000);

/// The most good signatures that are remembered, so that a record that comes again is not checked again. Beyond, all are
/// forgotten, and checked as they come.
const REMEMBERED_MAX: usize = 65_536;

/// What passes between one agent and each other one: invitations, offers, acceptances, renewals. An
/// [`Agent`](crate::Agent) is this and what it sees of its cluster.
///
/// Who is there, and what others promise to everyone, it is told. Whoever drives it hands in what arrives,
/// by `handle_*`, and afterwards takes all there is from every `poll_*`. Time never goes back.
#[derive(Debug)]
pub struct Dealings<C> {
    pub(crate) voice: Voice<C, Order>,
    pub(super) random: ChaCha8Rng,
    /// Its own promise of what its machine has.
    pub(super) capacity: Own<Promise>,
    /// Whose submissions it looks at, as its person has it, and the promise by which everybody knows.
    pub(super) consider: Option<Consider>,
    pub(super) considers_by: Option<Own<Promise>>,
    pub(super) declines: bool,
    pub(super) candidates: Candidates,
    pub(super) keepers: Keepers,
    pub(super) hosting: Hosting,
    pub(super) tending: Tending,
    pub(crate) custody: Custody,
    pub(super) grants: Grants,
    renews_at: Time,
    /// What this agent says to itself.
    to_itself: VecDeque<Frame>,
    pub(super) counters: Counters,
    pub(super) publications: Vec<Publication>,
    pub(super) drained: Option<Drained>,
    pub(super) doubts: Doubts,
    pub(super) waking: Waking,
}

impl<C: Speech> Dealings<C> {
    /// Those of an agent that has promised nothing yet but what its machine has and whom it looks at.
    pub fn new(setup: Setup, codec: C, now: Time) -> Self {
        let Setup {
            key,
            cluster,
            epoch,
            capacity,
            consider,
            declines,
            replaces_after,
            seed,
        } = setup;
        let id = key.id();
        let promiser = Promiser::new(key, cluster, epoch);
        let verifier = Verifier::new(cluster, REMEMBERED_MAX);
        let lease = Lease::from_ms(LEASE_MS).expect("it is no more than an hour");
        let mut voice = Voice::new(promiser, verifier, codec);
        let shown = Arc::new(capacity.clone());
        let mut agent = Self {
            capacity: voice.promise(Body::Capacity(shown.clone())),
            voice,
            random: ChaCha8Rng::seed_from_u64(seed),
            candidates: Candidates::default(),
            keepers: Keepers::default(),
            hosting: Hosting::new(capacity, lease, seed),
            tending: Tending::default(),
            custody: Custody::new(id, epoch, replaces_after),
            grants: Grants::new((epoch > BootEpoch(1)).then_some(now)),
            consider,
            considers_by: None,
            declines,
            renews_at: now,
            to_itself: VecDeque::new(),
            counters: Counters::default(),
            publications: Vec::new(),
            drained: None,
            doubts: Doubts::default(),
            waking: Waking::default(),
        };
        agent.introduce(now, shown);
        agent.renews_at = agent.next_renewal(now);
        agent
    }

    /// Takes up again what was promised before a start: what it keeps, what it counts, what it hosts, and what it
    /// had come to judge. `facts` are those that were stored and not forgotten since.
    pub fn resume(&mut self, now: Time, facts: impl IntoIterator<Item = Fact>) {
        let mut memory = Memory::of(facts, &mut self.voice);
        self.custody.resume_acquaintance(memory.acquainted());
        self.custody.resume_collected(memory.take_collected());
        self.custody.resume_sequences(memory.take_sequenced(), now);
        for (workload, grant) in memory.take_grants() {
            self.grants.resume(workload, grant, now);
        }
        self.tending.resume_handed_over(memory.take_handed_over());
        for (name, votes) in memory.take_votes() {
            let (custody, mut parts) = self.custody(now);
            custody.resume(name, votes, &mut parts);
        }
        for was in memory.take_pending() {
            let (custody, mut parts) = self.custody(now);
            custody.resume_pending(was, &mut parts);
        }
        for was in memory.kept() {
            self.publish(now, KeepChange::Made(was.keep.clone()));
            self.tending.resume(self.waking(now), was, &mut self.voice);
        }
        // Each host is told again what of its own is counted, and says what of that stands.
        let mut told: BTreeMap<AgentId, Vec<SignedRecord>> = BTreeMap::new();
        for (offer, acceptance) in memory.counted(self.voice.promiser()) {
            let record = SignedRecord::Promise(acceptance.signed().clone());
            told.entry(offer.by()).or_default().push(record);
            self.tending
                .resume_counted(self.waking(now), offer, acceptance, &mut self.voice);
        }
        told.remove(&self.id());
        for (host, records) in told {
            self.voice.tell(host, records);
        }
        for was in memory.hosted(self.voice.promiser()) {
            self.hosting.resume(now, was, &mut self.voice);
        }
        // Of what it hosts by the word of others, it is told as a keeper too.
        let me = self.id();
        let keeps = |its: &WorkloadId| self.keepers.keep(&me, its).is_some();
        self.hosting.tell_of_all(now, me, keeps, &mut self.voice);
        self.voice.forget_others(memory.ids());
        if let Some(drain) = memory.drained() {
            self.resume_drain(now, drain);
        }
        // Those it hosts for have not heard of it for a while.
        self.renews_at = now;
        self.settle(now);
    }

    /// Which agent it is.
    pub const fn id(&self) -> AgentId {
        self.voice.id()
    }

    /// Tends an intent that no register holds, as if this agent alone kept it: for tests of what a keeper does, and for
    /// measuring dealings without memberships. An [`Agent`](crate::Agent) has no such door.
    ///
    /// # Errors
    ///
    /// When it is refused; then nothing has changed.
    pub fn deploy(&mut self, now: Time, intent: Signed<Promise>) -> Result<Taken, DeployError> {
        let intent: Verified<Promise> = self.voice.verify(intent)?;
        let owner = intent.by();
        if !self.considers(owner) {
            return Err(DeployError::NotConsidered { owner });
        }
        self.wake(now);
        let waking = self.waking(now);
        let (workload, generation) = self.tending.deploy(waking, intent, &mut self.voice)?;
        let write = self.voice.write();
        self.settle(now);
        Ok(Taken {
            workload,
            generation,
            write,
        })
    }

    /// Another agent says something.
    pub fn handle_frame(&mut self, now: Time, from: AgentId, frame: Frame) {
        self.wake(now);
        self.handle_sign_of_life(now, &from);
        self.hear(now, from, frame);
        self.settle(now);
    }

    /// The time has come that [`Dealings::poll_timeout`] gave.
    pub fn handle_timeout(&mut self, now: Time) {
        self.wake(now);
        for agent in self.doubts.handle_timeout(self.waking(now)) {
            self.lose(now, agent);
        }
        if self.renews_at <= now {
            self.hosting.renew(now, &mut self.voice);
            self.renews_at = self.next_renewal(now);
        }
        self.see_to_drain(now);
        self.hosting.handle_timeout(now, &mut self.voice);
        let (custody, mut parts) = self.custody(now);
        custody.handle_timeout(&mut parts);
        self.settle(now);
    }

    /// Its own host reports.
    pub fn handle_report(&mut self, now: Time, report: HostReport) {
        self.wake(now);
        self.hosting
            .handle_report(now, report, &mut self.voice, &mut self.random);
        self.settle(now);
    }

    /// Everything up to this write is stored.
    pub fn handle_stored(&mut self, id: WriteId) {
        self.voice.handle_stored(id);
    }

    /// Takes back an offer of its own, bound or not. Says whether it had made it.
    pub fn take_back(&mut self, now: Time, offer: PromiseId) -> bool {
        self.wake(now);
        let is_taken_back = self.hosting.take_back(offer, &mut self.voice);
        self.settle(now);
        is_taken_back
    }

    /// Goes away for good: nothing that it has offered or hosts stands any more.
    pub(crate) fn leave(&mut self, now: Time) {
        self.wake(now);
        self.declines = true;
        self.hosting.leave(&mut self.voice);
        if self.drained.take().is_some() {
            self.voice.keep_drain(None);
        }
    }

    /// Its own host reports what has become of what it has taken back, since it has left.
    pub(crate) fn handle_last_report(&mut self, now: Time, report: HostReport) {
        self.hosting
            .handle_report(now, report, &mut self.voice, &mut self.random);
    }

    /// Hosts nothing any more, without a word: somebody else has this agent's key, and two that speak with one
    /// key would promise twice what they have.
    pub(crate) fn hold_off(&mut self) {
        self.hosting.stop_all(&mut self.voice);
    }

    /// Goes away for a while, by plan: those it hosts for invite nobody else until then.
    pub fn announce_absence(&mut self, notice: Notice) {
        self.hosting.announce_absence(notice, &mut self.voice);
    }

    /// What is to be stored next.
    pub fn poll_write(&mut self) -> Option<Write> {
        self.voice.poll_write()
    }

    /// What is to be said next.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.voice.poll_frame()
    }

    /// What its own host is to do next.
    pub fn poll_order(&mut self) -> Option<Order> {
        self.voice.poll_order()
    }

    /// When [`Dealings::handle_timeout`] is to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        let judging = [self.tending.due_at(), self.doubts.due_at()];
        let judging = judging.map(|at| at.map(|at| self.waking.when(at)));
        let drained = self.drained.as_ref().and_then(Drained::due_at);
        let others = [self.hosting.due_at(), self.custody.due_at(), drained];
        let parts = judging.into_iter().chain(others);
        parts.flatten().chain([self.renews_at]).min()
    }

    /// What an agent promises to everyone has changed.
    pub fn handle_sheet(&mut self, now: Time, agent: AgentId, shown: Shown) {
        let Shown {
            capacity,
            consider,
            came,
            went,
        } = shown;
        self.wake(now);
        self.set_capacity(now, agent, capacity);
        let considers = self.candidates.set_considers(agent, consider);
        let changed = self.keepers.change(agent, came, &went);
        self.handle_shown(now, agent, considers, &changed.given_up);
        let keepers = &self.keepers;
        let keeps = |its: &WorkloadId| keepers.keep(&agent, its);
        self.hosting
            .handle_keeps(now, agent, keeps, &mut self.voice);
        // Of whom it comes to depend on while that is not there, it has not asked yet.
        if !self.candidates.is_up(&agent) && self.hosting.hosts_for(&agent) {
            self.doubts.begin(self.waking(now), agent);
        }
        // Conditions may be met by what it keeps.
        if changed.is_any {
            self.tending.handle_keeps(self.waking(now));
        }
        self.settle(now);
    }

    /// A good deal was told at once, and stays: takes as little memory for it as it can.
    pub fn pack(&mut self) {
        self.candidates.pack();
    }

    /// An agent is gone for so long that it is not expected back.
    pub fn forget(&mut self, agent: &AgentId) {
        self.candidates.forget(agent);
        self.doubts.end(agent);
        self.hosting.forget(agent);
        self.keepers.forget(*agent);
    }

    /// Why agents would not host a workload that this one keeps, each by what it said last.
    pub fn refusals(&self, workload: &WorkloadId) -> impl Iterator<Item = (&AgentId, &Remembered)> {
        self.tending.refusals(workload)
    }

    /// What it can say of a workload that it keeps: what is counted and what it makes of that, who would not and
    /// why, and what is waited for.
    pub fn account(&self, workload: &WorkloadId, now: Time) -> Option<Account> {
        self.tending
            .account(workload, &self.keepers, &self.voice, self.waking(now))
    }

    /// The intent that stands of a workload that it keeps, as far as it knows.
    pub fn intent(&self, workload: &WorkloadId) -> Option<&Verified<Promise>> {
        self.tending.intent(workload)
    }

    /// Who keeps a name besides this agent, by their sheets.
    pub fn keepers_of(&self, name: &WorkloadName) -> impl Iterator<Item = (AgentId, WorkloadId)> {
        self.keepers.of_name(name)
    }

    /// Whether it knows that a workload is deleted, since it keeps that or has kept it.
    pub fn is_over(&self, workload: &WorkloadId) -> bool {
        self.custody.is_over(workload)
    }

    /// The intents of a name that it keeps, as far as it remembers them, the one that stands last; none where it keeps no
    /// such name.
    pub fn history(&self, name: &WorkloadName) -> Vec<Stood> {
        self.tending.history(name, self.voice.promiser().epoch())
    }

    /// What an owner signs to go back to an earlier generation of a name that this agent keeps.
    ///
    /// # Errors
    ///
    /// When there is nothing to go back to.
    pub fn go_back(
        &self,
        name: &WorkloadName,
        generation: Generation,
    ) -> Result<GoingBack, GoBackError> {
        self.tending.go_back(name, generation)
    }

    /// The time that it was awake, by which it judges others: it stands still while the agent does.
    pub fn waking(&self, now: Time) -> Time {
        self.waking.read(now)
    }

    /// Notes how long it was asleep.
    pub(super) fn wake(&mut self, now: Time) {
        self.waking.wake(now, self.poll_timeout());
    }

    /// The judgements of its own that have changed of late, the first first: of what it counts as a keeper, and
    /// of the custody that it depends on as a host.
    pub fn journal(&self) -> impl Iterator<Item = &Assessed> {
        self.voice.journal()
    }

    /// The workloads that it keeps: their generations, and how many hostings of each it counts.
    pub fn kept(&self) -> impl Iterator<Item = (WorkloadId, Generation, usize)> {
        self.tending.kept()
    }

    /// What it hosts: for each hosting that is bound, the intent that it is for.
    pub fn hosted_intents(&self) -> impl Iterator<Item = &Verified<Promise>> {
        self.hosting.intents()
    }

    /// How many hostings it has offered, and how many are bound.
    pub fn hosted(&self) -> (usize, usize) {
        self.hosting.counts()
    }

    /// What it has offered to host, and whether that is bound.
    pub fn offers(&self) -> impl Iterator<Item = (&Verified<Promise>, bool)> {
        self.hosting.offers()
    }

    /// What is left of what its machine has, once all is set aside that it has offered and hosts.
    pub const fn left(&self) -> Resources {
        self.hosting.left()
    }

    /// How many frames were dropped, since too much waited for the disk.
    pub const fn dropped(&self) -> u64 {
        self.voice.dropped()
    }

    /// Something was refused before it came here.
    pub(crate) fn refuse(&mut self, fault: Fault) {
        self.counters.count(fault);
    }

    /// What was refused, and why.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What has changed of what it promises to everyone.
    pub(crate) fn take_publications(&mut self) -> Vec<Publication> {
        std::mem::take(&mut self.publications)
    }

    pub(super) fn considers(&self, owner: AgentId) -> bool {
        let consider = self.consider.as_ref();
        // Whoever reaches an agent with something to submit was admitted as a client.
        consider.is_some_and(|its| its.submitters.include(owner, true))
    }

    /// Hears what it has said to itself and does what is due, until nothing is left. It hears first: what it has just
    /// taken back as a host it does not go by as a keeper.
    pub(super) fn settle(&mut self, now: Time) {
        loop {
            self.to_itself.extend(self.voice.take_said_to_itself());
            while let Some(frame) = self.to_itself.pop_front() {
                let me = self.id();
                self.hear(now, me, frame);
                self.to_itself.extend(self.voice.take_said_to_itself());
            }
            self.take_over_chosen(now);
            self.tending.handle_timeout(Tools {
                now: self.waking.read(now),
                voice: &mut self.voice,
                candidates: &self.candidates,
                keepers: &self.keepers,
                random: &mut self.random,
            });
            let changes = self.tending.take_changes();
            let said = self.voice.take_said_to_itself();
            if changes.is_empty() && said.is_empty() {
                return;
            }
            for change in changes {
                self.publish(now, change);
            }
            self.to_itself.extend(said);
        }
    }

    /// Shows what has become of its own custody, to itself first.
    fn publish(&mut self, now: Time, change: KeepChange) {
        let publication = match change {
            KeepChange::Made(keep) => {
                if let Some(workload) = keep.workload() {
                    self.keepers.add(workload, keep.id());
                    let is_it = |its: &WorkloadId| *its == workload;
                    let voice = &mut self.voice;
                    self.hosting.tell_of_all(now, keep.by(), is_it, voice);
                }
                Publication::Made(keep)
            }
            KeepChange::Withdrawn(withdrawal) => {
                self.keepers.remove(PromiseId {
                    promiser: withdrawal.by(),
                    version: withdrawal.of(),
                });
                Publication::Withdrawn(withdrawal)
            }
        };
        self.tending.handle_keeps(self.waking(now));
        self.publications.push(publication);
    }

    fn next_renewal(&mut self, now: Time) -> Time {
        let every_us = RENEWS_EVERY.as_micros() as u64;
        let wait_us = self.random.random_range(every_us - every_us / 4..=every_us);
        now.after(Duration::from_micros(wait_us))
    }
}

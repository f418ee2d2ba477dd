//! One agent.

use std::time::Duration;

use gary_promise::{
    AgentId, Body, Capacity, Consider, Frame, Generation, Lease, MemberId, Notice, Own, Promise,
    Promiser, Renewals, Signed, SignedRecord, Time, Verified, Verifier, WorkloadId,
};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::setup::{Powers, Setup};
use super::view::View;
use crate::hosting::{HostReport, Hosting, Order};
use crate::membership::{Membership, Seed};
use crate::memory::Memory;
use crate::refused::Counters;
use crate::sheet::{OwnSheet, Sheets};
use crate::tending::{DeployError, KeepChange, Remembered, Tending, Tools};
use crate::voice::{Transmit, Voice, Write, WriteId};

/// How long a hosting stands without being renewed, in milliseconds.
pub const LEASE_MS: u32 = 10_000;

/// How often leases are renewed: three times before they run out. Up to a quarter is taken away at random,
/// so that agents that started together do not speak together.
pub const RENEWS_EVERY: Duration = Duration::from_millis(3_000);

/// The most good signatures that are remembered, so that a record that comes again is not checked again.
const REMEMBERED_MAX: usize = 65_536;

/// One agent.
///
/// Whoever drives it hands in what arrives, by `handle_*`, and afterwards takes all there is from every
/// `poll_*`. Time never goes back.
pub struct Agent<C: Powers> {
    pub(super) voice: Voice<C, Order>,
    pub(super) random: ChaCha8Rng,
    pub(super) consider: Option<Consider>,
    pub(super) view: View<C>,
    pub(super) hosting: Hosting,
    pub(super) tending: Tending,
    pub(super) counters: Counters,
    own: OwnSheet,
    /// The sheet was signed, and what is on it is not stored yet.
    publishes_after: Option<WriteId>,
    renews_at: Time,
}

/// An intent was taken into custody. Whoever submitted it is told so once the write is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Its workload.
    pub workload: WorkloadId,
    /// The generation that it is.
    pub generation: Generation,
    /// The write that has to be stored.
    pub write: WriteId,
}

impl<C: Powers> Agent<C> {
    /// An agent that promises what its machine has and whom it looks at, and takes up again what it had
    /// promised before: `records` are those that were stored and not forgotten since.
    pub fn new(
        setup: Setup,
        records: impl IntoIterator<Item = SignedRecord>,
        codec: C,
        now: Time,
    ) -> Self {
        let id = setup.key.id();
        let me = MemberId {
            agent: id,
            epoch: setup.epoch,
            nonce: setup.nonce,
            renewals: Renewals::default(),
            address: setup.address,
        };
        let promiser = Promiser::new(setup.key, setup.cluster, setup.epoch);
        let verifier = Verifier::new(setup.cluster, REMEMBERED_MAX);
        let mut random = ChaCha8Rng::seed_from_u64(setup.seed);
        let membership = Membership::new(me, setup.membership, random.random(), codec.clone(), now);
        let lease = Lease::from_ms(LEASE_MS).expect("it is no more than an hour");
        let mut agent = Self {
            view: View::new(membership, Sheets::new(id, random.random(), now), now),
            voice: Voice::new(promiser, verifier, codec),
            random,
            hosting: Hosting::new(setup.capacity.clone(), lease),
            tending: Tending::default(),
            consider: setup.consider.clone(),
            counters: Counters::default(),
            own: OwnSheet::new(id),
            publishes_after: None,
            renews_at: now,
        };
        agent.renews_at = agent.next_renewal(now);
        agent.introduce(setup.capacity, setup.consider);
        agent.resume(now, records);
        agent
    }

    /// Says what its machine has and whom it looks at.
    fn introduce(&mut self, capacity: Capacity, consider: Option<Consider>) {
        let me = self.id();
        let candidates = &mut self.view.candidates;
        candidates.set_up(me, true);
        candidates.set_capacity(me, Some(capacity.clone()));
        candidates.set_considers(me, consider.clone());
        let capacity = self.voice.promise(Body::Capacity(capacity));
        self.put(capacity);
        if let Some(consider) = consider {
            let consider = self.voice.promise(Body::Consider(consider));
            self.put(consider);
        }
    }

    /// Takes up again what was promised before this start.
    fn resume(&mut self, now: Time, records: impl IntoIterator<Item = SignedRecord>) {
        let memory = Memory::of(records, &mut self.voice);
        for (intent, keep) in memory.kept() {
            self.put(keep.clone());
            self.tending.resume(now, intent, keep, &mut self.voice);
        }
        for (offer, acceptance) in memory.counted(self.voice.promiser()) {
            self.tending
                .resume_counted(now, offer, acceptance, &mut self.voice);
        }
        for was in memory.hosted(self.voice.promiser()) {
            self.hosting.resume(was, &mut self.voice);
        }
        self.voice.forget_others(memory.ids());
        self.settle(now);
    }

    /// Which agent it is.
    pub const fn id(&self) -> AgentId {
        self.voice.id()
    }

    /// Looks for its cluster by way of those who may know it.
    pub fn join(&mut self, now: Time, seeds: impl IntoIterator<Item = Seed>) {
        self.view.membership.join(now, seeds);
        self.settle(now);
    }

    /// Leaves the cluster. What it had promised, it does not withdraw by that.
    pub fn leave(&mut self, now: Time) {
        self.view.membership.leave(now);
        self.settle(now);
    }

    /// A person deploys a workload through this agent, which takes the intent into its custody.
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
        let (workload, generation) = self.tending.deploy(now, intent, &mut self.voice)?;
        let write = self.voice.write();
        self.settle(now);
        Ok(Taken {
            workload,
            generation,
            write,
        })
    }

    /// Another agent says something, over a stream.
    pub fn handle_frame(&mut self, now: Time, from: AgentId, frame: Frame) {
        self.hear(now, from, frame);
        self.settle(now);
    }

    /// Another agent sends a packet, as a datagram.
    pub fn handle_packet(&mut self, now: Time, from: AgentId, packet: &[u8]) {
        self.view.membership.handle_packet(now, from, packet);
        self.settle(now);
    }

    /// The time has come that [`Agent::poll_timeout`] gave.
    pub fn handle_timeout(&mut self, now: Time) {
        if self.renews_at <= now {
            self.hosting.renew(&mut self.voice);
            self.renews_at = self.next_renewal(now);
        }
        self.hosting.handle_timeout(now, &mut self.voice);
        self.view.handle_timeout(now);
        self.settle(now);
    }

    /// Its own host reports.
    pub fn handle_report(&mut self, now: Time, report: HostReport) {
        self.hosting
            .handle_report(now, report, &mut self.voice, &mut self.random);
        self.settle(now);
    }

    /// Everything up to this write is stored.
    pub fn handle_stored(&mut self, now: Time, id: WriteId) {
        self.voice.handle_stored(id);
        if self.publishes_after.is_some_and(|write| write <= id) {
            self.publishes_after = None;
            self.view.sheets.publish(&self.own);
        }
        self.settle(now);
    }

    /// Goes away for a while, by plan: those it hosts for invite nobody else until then.
    pub fn announce_absence(&mut self, notice: Notice) {
        self.hosting.announce_absence(notice, &mut self.voice);
    }

    /// What is to be stored next.
    pub fn poll_write(&mut self) -> Option<Write> {
        self.voice.poll_write()
    }

    /// What is to be said next, over a stream.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.voice.poll_frame().or_else(|| {
            let (to, frame) = self.view.sheets.poll_frame()?;
            Some(Transmit { to, frame })
        })
    }

    /// The packet to be sent next, as a datagram, and to whom.
    pub fn poll_packet(&mut self) -> Option<(MemberId, Vec<u8>)> {
        self.view.membership.poll_packet()
    }

    /// What its own host is to do next.
    pub fn poll_order(&mut self) -> Option<Order> {
        self.voice.poll_order()
    }

    /// When [`Agent::handle_timeout`] is to be called.
    pub fn poll_timeout(&self) -> Time {
        let parts = [self.hosting.due_at(), self.tending.due_at()];
        let parts = parts.into_iter().flatten();
        parts
            .chain([self.renews_at, self.view.due_at()])
            .min()
            .expect("there are two at least")
    }

    /// Why agents would not host a workload that this one keeps, each by what it said last.
    pub fn refusals(&self, workload: &WorkloadId) -> impl Iterator<Item = (&AgentId, &Remembered)> {
        self.tending.refusals(workload)
    }

    /// The workloads that it keeps: their generations, and how many hostings of each it counts.
    pub fn kept(&self) -> impl Iterator<Item = (WorkloadId, Generation, usize)> {
        self.tending.kept()
    }

    /// How many hostings it has offered, and how many are bound.
    pub fn hosted(&self) -> (usize, usize) {
        self.hosting.counts()
    }

    /// Who is a member, by this agent's own view.
    pub const fn membership(&self) -> &Membership<C> {
        &self.view.membership
    }

    /// What it knows of what others promise to everyone.
    pub const fn sheets(&self) -> &Sheets {
        &self.view.sheets
    }

    /// What was refused, and why.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(super) fn considers(&self, owner: AgentId) -> bool {
        let consider = self.consider.as_ref();
        // Whoever reaches an agent with something to submit was admitted as a client.
        consider.is_some_and(|its| its.submitters.include(owner, true))
    }

    /// Does what follows from what has come, until nothing more does.
    fn settle(&mut self, now: Time) {
        loop {
            self.look_around(now);
            self.tending.handle_timeout(Tools {
                now,
                voice: &mut self.voice,
                candidates: &self.view.candidates,
                random: &mut self.random,
            });
            for change in self.tending.take_changes() {
                self.publish(change);
            }
            let said = self.voice.take_said_to_itself();
            if said.is_empty() {
                break;
            }
            for frame in said {
                let me = self.id();
                self.hear(now, me, frame);
            }
        }
        self.sign_sheet();
        self.view.pass_hints_on(now);
    }

    /// Puts what it keeps on its sheet, or takes it off.
    fn publish(&mut self, change: KeepChange) {
        match change {
            KeepChange::Made(keep) => self.put(keep),
            KeepChange::Withdrawn(withdrawal) => {
                self.own.withdraw(&withdrawal);
            }
        }
    }

    fn put(&mut self, promise: Own<Promise>) {
        // There is room for as many workloads as an agent keeps.
        if self.own.put(promise).is_err() {
            debug_assert!(
                false,
                "a sheet has room for what an agent promises to everyone"
            );
        }
    }

    /// Signs the sheet if it has changed. It is shown once everything on it is stored.
    fn sign_sheet(&mut self) {
        let (promiser, codec) = self.voice.signer();
        let signed = self.own.sign(promiser, codec);
        if signed.expect("a head is short") {
            self.publishes_after = Some(self.voice.write());
        }
    }

    fn next_renewal(&mut self, now: Time) -> Time {
        let every_us = RENEWS_EVERY.as_micros() as u64;
        let wait_us = self.random.random_range(every_us - every_us / 4..=every_us);
        now.after(Duration::from_micros(wait_us))
    }
}

//! One agent.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use gary_promise::{
    AgentId, Body, Capacity, ComponentDigest, Condition, Frame, Have, MemberId, Notice, Own,
    Promise, PromiseId, Renewals, Settlement, Signed, Time, WallTime, Withdrawal,
};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::setup::{AgentSetup, Powers};
use super::view::View;
use crate::custody::{Acknowledgement, RecoverError, RecoveryId, SetBack};
use crate::dealings::{Dealings, Drain, Draining, Publication, WithdrawError};
use crate::hosting::{HostReport, Order};
use crate::membership::{Membership, Seed};
use crate::refused::Fault;
use crate::sheet::{OwnSheet, Sheet, Sheets};
use crate::tending::DeployError;
use crate::voice::{Fact, Transmit, Write, WriteId};

/// One agent.
///
/// Whoever drives it hands in what arrives, by `handle_*`, and afterwards takes all there is from every
/// `poll_*`. Time never goes back.
pub struct Agent<C: Powers> {
    dealings: Dealings<C>,
    view: View<C>,
    own: OwnSheet,
    /// The sheet was signed, and something on it is not stored yet.
    publishes_after: Option<WriteId>,
    /// It takes no part any more: it has left, or the membership keeps it out, since somebody else has its key or
    /// it has started again elsewhere.
    is_out: bool,
    /// Since it has left.
    has_left: bool,
}

impl<C: Powers> fmt::Debug for Agent<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // foca shows nothing of itself.
        f.debug_struct("Agent")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

impl<C: Powers> Agent<C> {
    /// An agent that promises what its machine has and whom it looks at, and takes up again what it had
    /// promised before: `facts` are those that were stored and not forgotten since.
    pub fn new(
        setup: AgentSetup,
        facts: impl IntoIterator<Item = Fact>,
        codec: C,
        now: Time,
    ) -> Self {
        let id = setup.dealings.key.id();
        let me = MemberId {
            agent: id,
            epoch: setup.dealings.epoch,
            nonce: setup.nonce,
            renewals: Renewals::default(),
            address: setup.address,
        };
        let mut random = ChaCha8Rng::seed_from_u64(setup.dealings.seed);
        let membership = Membership::new(me, setup.membership, random.random(), codec.clone(), now);
        let sheets = Sheets::new(id, random.random(), now);
        let mut agent = Self {
            dealings: Dealings::new(setup.dealings, codec, now),
            view: View::new(membership, sheets, now),
            own: OwnSheet::new(id),
            publishes_after: None,
            is_out: false,
            has_left: false,
        };
        agent.dealings.resume(now, facts);
        agent.settle(now);
        agent
    }

    /// Which agent it is.
    pub const fn id(&self) -> AgentId {
        self.dealings.id()
    }

    /// Looks for its cluster by way of those who may know it.
    pub fn join(&mut self, now: Time, seeds: impl IntoIterator<Item = Seed>) {
        let mut seeds = seeds.into_iter().peekable();
        if seeds.peek().is_some() {
            self.dealings.custody.has_others();
        }
        self.view.membership.join(now, seeds);
        self.settle(now);
    }

    /// Takes over who is there, and what they promise to everyone, from agents of the same program: a simulation
    /// begins so with a cluster that has stood for a while. A sheet that exists was checked when it was taken,
    /// and nothing that a peer says comes this way.
    pub fn take_over(
        &mut self,
        now: Time,
        members: impl IntoIterator<Item = MemberId>,
        sheets: impl IntoIterator<Item = Arc<Sheet>>,
    ) {
        let dealings = &mut self.dealings;
        self.view.take_over(now, members, sheets, dealings);
        self.settle(now);
    }

    /// Leaves the cluster: takes back what it had offered and hosts, and takes part in nothing more. What it keeps for
    /// owners, it hands over to nobody.
    ///
    /// What is exclusive it releases once its host has stopped it: its last reports are to be handed in, and what it says
    /// then is to be sent.
    pub fn leave(&mut self, now: Time) {
        if !self.is_out {
            self.go(now);
        }
    }

    fn go(&mut self, now: Time) {
        self.dealings.leave(now);
        self.view.membership.leave(now);
        self.take_in(now);
        self.is_out = true;
        self.has_left = true;
    }

    /// Whether it has left, of its own accord or once it was drained: whoever drives it can end it soon.
    pub const fn has_left(&self) -> bool {
        self.has_left
    }

    /// Takes on nothing new, hosts on until others do or its time is up, has others keep what it keeps, and leaves then, or
    /// stays. The same again changes nothing; another deadline holds if it is earlier.
    pub fn drain(&mut self, now: Time, drain: Drain) {
        if self.is_out {
            return;
        }
        self.dealings.drain(now, drain);
        self.settle(now);
    }

    /// Takes things on again, as before it was drained.
    pub fn undrain(&mut self, now: Time) {
        if self.is_out {
            return;
        }
        self.dealings.undrain(now);
        self.settle(now);
    }

    /// What is left of what it hosts and keeps, where it is drained.
    pub fn draining(&self) -> Option<Draining> {
        self.dealings.draining()
    }

    /// Those that were there and are not now, with what they promise to everyone still remembered, and since when.
    pub fn gone(&self) -> impl Iterator<Item = (AgentId, Time)> {
        self.view.gone()
    }

    /// Goes on at another address.
    pub fn relocate(&mut self, now: Time, address: SocketAddr) {
        self.view.membership.relocate(now, address);
        self.settle(now);
    }

    /// Promises another capacity from now on: its person wants its machine to do more or less than before. What that
    /// does not cover is withdrawn.
    pub fn revise_capacity(&mut self, now: Time, capacity: Capacity) {
        if self.is_out {
            return;
        }
        self.dealings.revise_capacity(now, capacity);
        self.settle(now);
    }

    /// A person submits an intent, by way of any agent: what becomes of it, [`Agent::poll_settlement`] tells. See
    /// [`Dealings::submit`].
    ///
    /// # Errors
    ///
    /// When it is refused; then nothing has changed.
    pub fn submit(
        &mut self,
        now: Time,
        intent: Signed<Promise>,
        acknowledgement: Acknowledgement,
    ) -> Result<PromiseId, DeployError> {
        if let Some(why) = self.view.membership.held_off() {
            return Err(DeployError::HeldOff(why));
        }
        if self.is_out {
            return Err(DeployError::Left);
        }
        let submitted = self.dealings.submit(now, intent, acknowledgement)?;
        self.settle(now);
        Ok(submitted)
    }

    /// The owner of an intent that is [pending](Dealings::pending) here takes it back. See [`Dealings::withdraw_pending`].
    ///
    /// # Errors
    ///
    /// When it is not its owner's word, or nothing of that is pending here; then nothing has changed.
    pub fn withdraw_pending(
        &mut self,
        now: Time,
        withdrawal: Signed<Withdrawal>,
    ) -> Result<(), WithdrawError> {
        let withdrawn = self.dealings.withdraw_pending(now, withdrawal);
        self.settle(now);
        withdrawn
    }

    /// A person recovers a name, by what it has assessed: see [`Dealings::assess_recovery`] and [`Dealings::recover`].
    ///
    /// # Errors
    ///
    /// When it is not done; then nothing has changed.
    pub fn recover(
        &mut self,
        now: Time,
        id: &RecoveryId,
        intent: Signed<Promise>,
    ) -> Result<PromiseId, RecoverError> {
        if let Some(why) = self.view.membership.held_off() {
            return Err(RecoverError::HeldOff(why));
        }
        if self.is_out {
            return Err(RecoverError::Left);
        }
        let recovered = self.dealings.recover(now, id, intent)?;
        self.settle(now);
        Ok(recovered)
    }

    /// A person has seen that a pending intent was refused, and it need not be shown any more. Says whether one was.
    pub fn dismiss_refused(&mut self, now: Time, intent: PromiseId) -> bool {
        let was_refused = self.dealings.dismiss_refused(now, intent);
        self.settle(now);
        was_refused
    }

    /// Another agent says something, over a stream.
    pub fn handle_frame(&mut self, now: Time, from: AgentId, frame: Frame) {
        if self.is_out {
            self.dealings.refuse(Fault::Absent);
            return;
        }
        self.dealings.handle_sign_of_life(now, &from);
        let sheets = &mut self.view.sheets;
        match frame {
            Frame::Hint(hint) => sheets.handle_hint(now, Some(from), hint),
            Frame::Fetch(fetch) => sheets.handle_fetch(from, fetch),
            Frame::Sheet(part) => {
                let (verifier, codec) = self.dealings.voice.reader();
                sheets.handle_part(now, from, part, verifier, codec);
            }
            Frame::Digest(digest) => sheets.handle_digest(from, digest),
            Frame::Listing(listing) => sheets.handle_listing(now, from, listing),
            frame => self.dealings.handle_frame(now, from, frame),
        }
        self.settle(now);
    }

    /// Another agent sends a packet, as a datagram.
    pub fn handle_packet(&mut self, now: Time, from: AgentId, packet: &[u8]) {
        self.view.membership.handle_packet(now, from, packet);
        self.settle(now);
    }

    /// The time has come that [`Agent::poll_timeout`] gave.
    pub fn handle_timeout(&mut self, now: Time) {
        self.view.handle_timeout(now);
        if !self.is_out && self.dealings.poll_timeout() <= Some(now) {
            self.dealings.handle_timeout(now);
        }
        self.settle(now);
    }

    /// Its own host reports.
    pub fn handle_report(&mut self, now: Time, report: HostReport) {
        if self.is_out {
            if self.has_left {
                self.dealings.handle_last_report(now, report);
            }
            return;
        }
        self.dealings.handle_report(now, report);
        self.settle(now);
    }

    /// Everything up to this write is stored.
    pub fn handle_stored(&mut self, now: Time, id: WriteId) {
        self.dealings.handle_stored(id);
        if self.publishes_after.is_some_and(|write| write <= id) {
            self.publishes_after = None;
            self.view.sheets.publish(&self.own);
        }
        self.settle(now);
    }

    /// Takes back an offer of its own, bound or not, because its person wants it to. Says whether it had made it.
    pub fn take_back(&mut self, now: Time, offer: PromiseId) -> bool {
        let is_taken_back = self.dealings.take_back(now, offer);
        self.settle(now);
        is_taken_back
    }

    /// Its shell tells how late it is, as people count it: at a start, and whenever that clock is set. What runs by schedule
    /// is not run before.
    pub fn set_wall_clock(&mut self, now: Time, wall: WallTime) {
        if self.is_out {
            return;
        }
        self.dealings.set_wall_clock(now, wall);
        self.settle(now);
    }

    /// Goes away for a while, by plan: those it hosts for invite nobody else until then.
    pub fn announce_absence(&mut self, notice: Notice) {
        self.dealings.announce_absence(notice);
    }

    /// What is to be stored next.
    pub fn poll_write(&mut self) -> Option<Write> {
        self.dealings.poll_write()
    }

    /// What is to be said next, over a stream.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if self.view.membership.held_off().is_some() {
            return None;
        }
        self.dealings.poll_transmit().or_else(|| {
            let (to, frame) = self.view.sheets.poll_frame()?;
            Some(Transmit { to, frame })
        })
    }

    /// The packet to be sent next, as a datagram, and to whom.
    pub fn poll_packet(&mut self) -> Option<(MemberId, Vec<u8>)> {
        self.view.membership.poll_packet()
    }

    /// What a person is to be told next of what was submitted here.
    pub fn poll_settlement(&mut self) -> Option<Settlement> {
        self.dealings.poll_settlement()
    }

    /// What its own host is to do next.
    pub fn poll_order(&mut self) -> Option<Order> {
        self.dealings.poll_order()
    }

    /// When [`Agent::handle_timeout`] is to be called.
    pub fn poll_timeout(&self) -> Time {
        let due_at = self.view.due_at();
        let dealings = self.dealings.poll_timeout();
        dealings
            .filter(|_| !self.is_out)
            .map_or(due_at, |at| at.min(due_at))
    }

    /// Its disk was restored or emptied, and others have seen it vote since. It takes no part in anything more, and whoever
    /// runs it has to give it a new key.
    pub const fn set_back(&self) -> Option<&SetBack> {
        self.dealings.custody.set_back()
    }

    /// Who is a member, by this agent's own view.
    pub const fn membership(&self) -> &Membership<C> {
        &self.view.membership
    }

    /// What it knows of what others promise to everyone.
    pub const fn sheets(&self) -> &Sheets {
        &self.view.sheets
    }

    /// What it deals in with others.
    pub const fn dealings(&self) -> &Dealings<C> {
        &self.dealings
    }

    /// Does what follows from what has just come.
    fn settle(&mut self, now: Time) {
        self.take_in(now);
        if !self.is_out && self.dealings.goes(now) {
            self.go(now);
        }
    }

    /// Takes in what has come of who is there and what they promise, shows what has changed of its own,
    /// and passes on what others should hear of.
    fn take_in(&mut self, now: Time) {
        self.view.take_in(now, &mut self.dealings);
        if !self.is_out && self.view.membership.held_off().is_some() {
            self.is_out = true;
            self.dealings.hold_off();
        }
        if !self.is_out && self.set_back().is_some() {
            // What else its disk has forgotten, nobody knows: it hosts nothing more either.
            self.dealings.leave(now);
            self.view.membership.leave(now);
            self.is_out = true;
        }
        while let Some(agent) = self.dealings.poll_doubt() {
            self.view.sheets.ask(agent);
            self.view.membership.ask_after(now, agent);
        }
        for publication in self.dealings.take_publications() {
            match publication {
                Publication::Made(promise) => self.put(promise),
                Publication::Withdrawn(withdrawal) => {
                    self.own.withdraw(&withdrawal);
                }
            }
        }
        self.sign_sheet();
        self.view.pass_hints_on(now);
    }

    /// Promises that it has a component, to whoever has just asked for that. It goes ahead of the bytes and is about this
    /// one time, so it is on no sheet, and not stored.
    pub fn promise_have(&mut self, component: ComponentDigest) -> Signed<Promise> {
        let (promiser, codec) = self.dealings.voice.signer();
        let have = Body::Have(Have { component });
        let made = promiser.promise(have, Condition::default(), codec);
        made.expect("a digest is short").signed().clone()
    }

    fn put(&mut self, promise: Own<Promise>) {
        let put = self.own.put(promise);
        put.expect("a sheet has room for all that an agent may promise to everyone");
    }

    /// Signs the sheet if it has changed. It is shown once everything on it is stored.
    fn sign_sheet(&mut self) {
        let (promiser, codec) = self.dealings.voice.signer();
        let is_new = self.own.sign(promiser, codec).expect("a head is short");
        if is_new {
            self.publishes_after = Some(self.dealings.voice.write());
        }
    }
}

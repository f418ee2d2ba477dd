//! Signing, checking and storing, in one place.

use std::collections::BTreeMap;

use gary_promise::{
    AgentId, Assessment, Ballot, Batch, Body, BootEpoch, BoundedSet, Codec, CommitSequence,
    Condition, Entry, Frame, KEEPERS_MAX, Own, Promise, PromiseId, Promiser, Reason, SheetHead,
    Signed, SignedRecord, Slot, Statement, Time, Verdict, Verified, Verifier, VerifyError, Version,
    Withdrawal, WorkloadId, WorkloadName,
};

use super::journal::{Assessed, Journal};
use super::{Fact, Outbox, StoodBefore, Transmit, Write, WriteId};
use crate::custody::SetBack;
use crate::dealings::Drain;
use crate::exclusive::Grant;
use crate::hosting::Ended;
use crate::register::Votes;

/// How what agents sign is packed: all the codecs that an agent needs.
pub trait Speech: Codec<Promise> + Codec<Withdrawal> + Codec<SheetHead> {}

impl<C: Codec<Promise> + Codec<Withdrawal> + Codec<SheetHead>> Speech for C {}

/// What somebody is said to have signed was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{by} did not say that: {why}")]
pub struct Unverified {
    /// Who was said to have signed it.
    pub by: AgentId,
    /// What is wrong.
    pub why: String,
    /// Whether they have signed it, and only what it says cannot be understood.
    pub is_signed: bool,
}

/// How an agent speaks: the only place that holds its key.
#[derive(Debug)]
pub(crate) struct Voice<C, O> {
    promiser: Promiser,
    verifier: Verifier,
    codec: C,
    outbox: Outbox<O>,
    to_itself: Vec<Frame>,
    /// The promises that are stored, and for how many reasons each: an agent that hosts what it keeps needs
    /// one intent for both, and must not lose it with the first.
    held: BTreeMap<PromiseId, u32>,
    journal: Journal,
}

impl<C: Speech, O> Voice<C, O> {
    pub(crate) fn new(promiser: Promiser, verifier: Verifier, codec: C) -> Self {
        Self {
            promiser,
            verifier,
            codec,
            outbox: Outbox::new(),
            to_itself: Vec::new(),
            held: BTreeMap::new(),
            journal: Journal::default(),
        }
    }

    pub(crate) const fn id(&self) -> AgentId {
        self.promiser.id()
    }

    pub(crate) const fn promiser(&self) -> &Promiser {
        &self.promiser
    }

    /// What signs in this agent's name, with the codec.
    pub(crate) const fn signer(&mut self) -> (&mut Promiser, &C) {
        (&mut self.promiser, &self.codec)
    }

    /// What checks and reads others' records.
    pub(crate) const fn reader(&mut self) -> (&mut Verifier, &C) {
        (&mut self.verifier, &self.codec)
    }

    /// The write with which everything is stored that was said until now.
    pub(crate) fn write(&self) -> WriteId {
        self.outbox.write()
    }

    /// A version for what is said without being a record.
    pub(crate) fn stamp(&mut self) -> Version {
        self.promiser.stamp()
    }

    /// Makes a promise, and stores it.
    pub(crate) fn promise(&mut self, body: Body) -> Own<Promise> {
        let made = self
            .promiser
            .promise(body, Condition::default(), &self.codec);
        let made = made.expect("what an agent promises of itself is short by its type");
        self.keep_promise(&made);
        made
    }

    /// Makes a promise in the place of an earlier one, and stores it.
    pub(crate) fn revise(&mut self, earlier: &Own<Promise>, body: Body) -> Own<Promise> {
        let made = self
            .promiser
            .revise(earlier, body, Condition::default(), &self.codec);
        let made = made.expect("it is this agent's own, and short by its type");
        self.held.remove(&earlier.id());
        self.keep_promise(&made);
        self.outbox.store(Fact::Forgotten(earlier.id()));
        made
    }

    /// Takes a promise back, and forgets it: what is withdrawn binds nobody. Those who know of the promise
    /// are told by the caller.
    pub(crate) fn withdraw(&mut self, promise: &Own<Promise>, reason: Reason) -> Own<Withdrawal> {
        let withdrawal = self.promiser.withdraw(promise, reason, &self.codec);
        let withdrawal = withdrawal.expect("it is this agent's own, and short by its type");
        self.held.remove(&promise.id());
        self.outbox.store(Fact::Forgotten(promise.id()));
        withdrawal
    }

    /// Remembers which intent is kept by a `+keep` of its own.
    pub(crate) fn keep_intent(&mut self, keep: PromiseId, intent: PromiseId) {
        self.outbox.store(Fact::Keeps { keep, intent });
    }

    /// Remembers which intents stood before the one that is kept by a `+keep` of its own.
    pub(crate) fn keep_history(&mut self, keep: PromiseId, before: Vec<StoodBefore>) {
        self.outbox.store(Fact::Stood { keep, before });
    }

    /// Remembers who else keeps what this agent hosts by an offer of its own, and whether whom it was made to does no more.
    pub(crate) fn keep_keepers(
        &mut self,
        offer: PromiseId,
        keepers: BoundedSet<AgentId, KEEPERS_MAX>,
        is_handed_over: bool,
    ) {
        self.outbox.store(Fact::HostsFor {
            offer,
            keepers,
            is_handed_over,
        });
    }

    /// Remembers how a run ended that this agent hosts by an offer of its own, or forgets it.
    pub(crate) fn keep_ended(&mut self, offer: PromiseId, ended: Option<Ended>) {
        let ended = ended.map(Box::new);
        self.outbox.store(Fact::Ended { offer, ended });
    }

    /// Remembers that others keep what is hosted by an offer that this agent has accepted.
    pub(crate) fn keep_handed_over(&mut self, offer: PromiseId) {
        let is_so = true;
        self.outbox.store(Fact::HandedOver { offer, is_so });
    }

    /// It does not matter any more that others keep what is hosted by an offer.
    pub(crate) fn forget_handed_over(&mut self, offer: PromiseId) {
        let is_so = false;
        self.outbox.store(Fact::HandedOver { offer, is_so });
    }

    /// Remembers how this agent has voted on the register of a name.
    pub(crate) fn keep_votes(&mut self, name: WorkloadName, votes: Votes<Entry>) {
        let votes = Box::new(votes);
        self.outbox.store(Fact::Votes { name, votes });
    }

    /// Remembers that a person has left an intent with this agent, since when, and why it was refused if it was.
    pub(crate) fn keep_pending(
        &mut self,
        intent: PromiseId,
        since: (BootEpoch, Time),
        refused: Option<Verdict>,
    ) {
        self.outbox.store(Fact::Pending {
            intent,
            since,
            refused,
        });
    }

    /// An intent is not pending here any more.
    pub(crate) fn forget_pending(&mut self, intent: PromiseId) {
        self.outbox.store(Fact::Settled(intent));
    }

    /// Forgets how this agent has voted on what was deleted, and remembers that.
    pub(crate) fn keep_collected(
        &mut self,
        name: WorkloadName,
        workload: WorkloadId,
        floor: Option<Ballot>,
    ) {
        self.outbox.store(Fact::Collected {
            name,
            workload,
            floor,
        });
    }

    /// Remembers how far this agent's store is.
    pub(crate) fn keep_sequence(&mut self, sequence: CommitSequence) {
        self.outbox.store(Fact::Committed(sequence));
    }

    /// Remembers how far this agent has seen another's store.
    pub(crate) fn keep_seen(&mut self, agent: AgentId, sequence: CommitSequence) {
        self.outbox.store(Fact::Saw { agent, sequence });
    }

    /// Remembers that its disk is not the one that it has voted by.
    pub(crate) fn keep_set_back(&mut self, set_back: SetBack) {
        self.outbox.store(Fact::SetBack(set_back));
    }

    /// Remembers what this agent has granted of an exclusive workload.
    pub(crate) fn keep_grant(&mut self, workload: WorkloadId, grant: Grant) {
        self.outbox.store(Fact::Granted { workload, grant });
    }

    /// An exclusive workload is deleted.
    pub(crate) fn forget_grant(&mut self, workload: WorkloadId) {
        self.outbox.store(Fact::Ungranted(workload));
    }

    /// Remembers how many members this agent has known.
    pub(crate) fn keep_acquaintance(&mut self, count: u32) {
        self.outbox.store(Fact::Acquainted(count));
    }

    /// Remembers how this agent is drained, or that it is not.
    pub(crate) fn keep_drain(&mut self, drain: Option<Drain>) {
        self.outbox.store(Fact::Drained(drain));
    }

    /// The last write that is stored.
    pub(crate) const fn stored(&self) -> WriteId {
        self.outbox.stored()
    }

    /// Keeps a promise that something of this agent's depends on, for one reason more.
    pub(crate) fn keep_promise(&mut self, promise: &Verified<Promise>) {
        if self.hold(promise.id()) {
            let record = SignedRecord::Promise(promise.signed().clone());
            self.outbox.store(Fact::Record(record));
        }
    }

    /// Something of this agent's depends on a promise that is stored already, as after a start. Says whether
    /// it is the first that does.
    pub(crate) fn hold(&mut self, promise: PromiseId) -> bool {
        let reasons = self.held.entry(promise).or_default();
        *reasons += 1;
        *reasons == 1
    }

    /// Something of this agent's does not depend on it any more. Where nothing else does, it can go.
    pub(crate) fn forget(&mut self, promise: PromiseId) {
        let Some(reasons) = self.held.get_mut(&promise) else {
            return;
        };
        *reasons -= 1;
        if *reasons == 0 {
            self.held.remove(&promise);
            self.outbox.store(Fact::Forgotten(promise));
        }
    }

    /// Of promises that are stored, those that nothing depends on can go.
    pub(crate) fn forget_others(&mut self, stored: impl IntoIterator<Item = PromiseId>) {
        for promise in stored {
            if !self.held.contains_key(&promise) {
                self.outbox.store(Fact::Forgotten(promise));
            }
        }
    }

    /// Checks what somebody is said to have signed.
    pub(crate) fn verify<T: Statement>(
        &mut self,
        signed: Signed<T>,
    ) -> Result<Verified<T>, Unverified>
    where
        C: Codec<T>,
    {
        let by = signed.by();
        self.verifier
            .verify(signed, &self.codec)
            .map_err(|error| Unverified {
                by,
                why: error.to_string(),
                is_signed: matches!(error, VerifyError::Unpack { .. }),
            })
    }

    /// Writes down that a judgement has changed.
    pub(crate) fn note(
        &mut self,
        assessment: Assessment,
        workload: WorkloadId,
        slot: Option<Slot>,
    ) {
        let assessed = Assessed {
            assessment,
            epoch: self.promiser.epoch(),
            workload,
            slot,
        };
        self.journal.add(assessed);
        self.outbox.note(assessed);
    }

    /// Takes up again what was judged before a start.
    pub(crate) fn recall(&mut self, assessed: Assessed) {
        self.journal.add(assessed);
    }

    /// The judgements that have changed of late, the first first.
    pub(crate) fn journal(&self) -> impl Iterator<Item = &Assessed> {
        self.journal.iter()
    }

    /// Says something. What an agent says to itself takes no way round by the network.
    pub(crate) fn say(&mut self, to: AgentId, frame: Frame) {
        match to == self.id() {
            true => self.to_itself.push(frame),
            false => self.outbox.say(to, frame),
        }
    }

    /// What it has said to itself since this was asked last.
    pub(crate) fn take_said_to_itself(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.to_itself)
    }

    /// Tells records, in as many frames as they need.
    pub(crate) fn tell(&mut self, to: AgentId, records: impl IntoIterator<Item = SignedRecord>) {
        let mut batch = Batch::default();
        for record in records {
            if !batch.push(record.clone()) {
                self.say(to, Frame::Told(std::mem::take(&mut batch)));
                let fits = batch.push(record);
                debug_assert!(fits, "an empty batch has room for any record");
            }
        }
        if !batch.is_empty() {
            self.say(to, Frame::Told(batch));
        }
    }

    /// Whether the disk is so far behind that nothing new should be taken on.
    pub(crate) const fn is_behind(&self) -> bool {
        self.outbox.is_behind()
    }

    pub(crate) fn order(&mut self, order: O) {
        self.outbox.order(order);
    }

    /// Takes back orders that wait for what they follow from to be stored.
    pub(crate) fn take_back_orders(&mut self, is_outdated: impl Fn(&O) -> bool) {
        self.outbox.take_back_orders(is_outdated);
    }

    pub(crate) fn handle_stored(&mut self, id: WriteId) {
        self.outbox.handle_stored(id);
    }

    pub(crate) fn poll_write(&mut self) -> Option<Write> {
        self.outbox.poll_write()
    }

    pub(crate) fn poll_frame(&mut self) -> Option<Transmit> {
        self.outbox.poll_frame()
    }

    /// How many frames were dropped, since too much waited for the disk.
    pub(crate) const fn dropped(&self) -> u64 {
        self.outbox.dropped()
    }

    pub(crate) fn poll_order(&mut self) -> Option<O> {
        self.outbox.poll_order()
    }
}

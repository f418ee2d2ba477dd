//! What goes out, in order: nothing is said before what it follows from is stored.

use std::collections::VecDeque;

use gary_promise::{
    AgentId, Ballot, BootEpoch, BoundedSet, CommitSequence, Entry, Frame, KEEPERS_MAX, PromiseId,
    SignedRecord, Time, Verdict, WorkloadId, WorkloadName,
};

use super::journal::Assessed;
use super::weight::Weights;
use crate::custody::SetBack;
use crate::dealings::Drain;
use crate::exclusive::Grant;
use crate::hosting::Ended;
use crate::register::Votes;
use crate::tending::Failing;

/// The most frames that wait for what they follow from to be stored. A disk that is so far behind is as
/// good as gone: what is said beyond is dropped, as a network might, and said again later.
pub const HELD_MAX: usize = 65_536;

/// The most writes that wait for the disk before the agent takes on nothing new.
pub const WRITES_MAX: u64 = 1_024;

/// Something to remember across restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A record: this agent's own, or another's that its own depends on.
    Record(SignedRecord),
    /// Which intent this agent has in its custody, by its own `+keep`, in the place of the one before. What it hosts
    /// for others may be of the same workload, and another generation.
    Keeps {
        /// Its own promise.
        keep: PromiseId,
        /// The intent, whose record is stored.
        intent: PromiseId,
    },
    /// Which intents stood before the one that this agent has in its custody, the latest last, in the place of what it
    /// remembered of them before.
    Stood {
        /// Its own promise.
        keep: PromiseId,
        /// The intents, whose records are stored.
        before: Vec<StoodBefore>,
    },
    /// How this agent has voted on the register of a name, in the place of what it remembered of it before.
    Votes {
        /// The name.
        name: WorkloadName,
        /// Its votes.
        votes: Box<Votes<Entry>>,
    },
    /// A workload is deleted, all its keepers know so, and the votes on its name can go. That it was there is remembered, and
    /// beyond [`COLLECTED_MAX`](crate::COLLECTED_MAX) the first can go.
    Collected {
        /// Its name.
        name: WorkloadName,
        /// Which it was.
        workload: WorkloadId,
        /// In no earlier attempt does this agent vote on a register of which it knows nothing.
        floor: Option<Ballot>,
    },
    /// How far this agent's store is with what is stored along with it: how often it has committed to a vote.
    Committed(CommitSequence),
    /// How far this agent has seen another's store, in the place of what it remembered of it before.
    Saw {
        /// Whose.
        agent: AgentId,
        /// How far.
        sequence: CommitSequence,
    },
    /// This disk is not the one that its agent has voted by: the agent never votes again.
    SetBack(SetBack),
    /// How many members this agent has known that might keep something, in the place of what it remembered before.
    Acquainted(u32),
    /// A person has left an intent with this agent until its keepers can be reached, in the place of what it remembered of
    /// that before. It runs nothing.
    Pending {
        /// The intent, whose record is stored.
        intent: PromiseId,
        /// Since when: the start of this agent, and the time since that.
        since: (BootEpoch, Time),
        /// Why it was refused when it could be proposed, if it was.
        refused: Option<Verdict>,
    },
    /// An intent that was pending is so no more: it is kept, or its owner has withdrawn it, or somebody has seen that it was
    /// refused.
    Settled(PromiseId),
    /// Who keeps a workload, besides whom this agent's own offer was made to, as was said when it was bound.
    HostsFor {
        /// The offer, whose record is stored.
        offer: PromiseId,
        /// The other keepers.
        keepers: BoundedSet<AgentId, KEEPERS_MAX>,
        /// Whether whom it was made to keeps the workload no more, by its own word.
        is_handed_over: bool,
    },
    /// What this agent has granted last of an exclusive workload, in the place of what it granted before.
    Granted {
        /// The workload.
        workload: WorkloadId,
        /// The grant.
        grant: Grant,
    },
    /// An exclusive workload is deleted: what was granted of it can go.
    Ungranted(WorkloadId),
    /// How a run ended that this agent hosts, in the place of what it remembered of the hosting before; nothing once its
    /// keepers remember it.
    Ended {
        /// The offer by which it hosts.
        offer: PromiseId,
        /// How it ended.
        ended: Option<Box<Ended>>,
    },
    /// Others keep what this agent has bound by accepting an offer, or that does not matter any more.
    HandedOver {
        /// The offer.
        offer: PromiseId,
        /// Whether they do.
        is_so: bool,
    },
    /// How this agent is drained, or that it is not, in the place of what it remembered of that before.
    Drained(Option<Drain>),
    /// A promise that nothing depends on any more. Its record can go, and what it kept or whom it was for.
    Forgotten(PromiseId),
    /// A judgement that has changed. It is history: nothing follows from it, and beyond
    /// [`JOURNAL_MAX`](super::JOURNAL_MAX) the oldest can go.
    Assessed(Assessed),
}

/// An intent that stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoodBefore {
    /// Which.
    pub intent: PromiseId,
    /// Which hosting of it failed when it was superseded, if any did.
    pub failed: Option<Failing>,
    /// The start of this agent since which the time of that counts.
    pub epoch: BootEpoch,
}

/// Facts to store together, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Its number. Writes are stored in this order.
    pub id: WriteId,
    /// What to store.
    pub facts: Vec<Fact>,
}

/// The number of a write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

/// A frame and whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// The receiver.
    pub to: AgentId,
    /// What is said.
    pub frame: Frame,
}

/// Something that goes out once all that was written before is stored.
#[derive(Debug)]
struct Held<T> {
    after: WriteId,
    what: T,
}

/// What goes out, in order.
#[derive(Debug)]
pub(crate) struct Outbox<O> {
    /// Of the write that is being put together.
    facts: Vec<Fact>,
    /// What goes along with it, and nothing waits for.
    notes: Vec<Assessed>,
    last: WriteId,
    /// The last write that something may follow from.
    binding: WriteId,
    stored: WriteId,
    frames: VecDeque<Held<Transmit>>,
    /// How much of it is for whom.
    weights: Weights,
    /// How many frames were dropped, since too much waited.
    dropped: u64,
    orders: VecDeque<Held<O>>,
}

impl<O> Outbox<O> {
    pub(crate) fn new() -> Self {
        Self {
            facts: Vec::new(),
            notes: Vec::new(),
            last: WriteId::default(),
            binding: WriteId::default(),
            stored: WriteId::default(),
            frames: VecDeque::new(),
            weights: Weights::default(),
            dropped: 0,
            orders: VecDeque::new(),
        }
    }

    /// Stores a fact along with the others of this step.
    pub(crate) fn store(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    /// Stores what nothing follows from: what is said does not wait for it, unless it waits for something
    /// else of the same write.
    pub(crate) fn note(&mut self, assessed: Assessed) {
        self.notes.push(assessed);
    }

    /// Says something once all that was stored so far is.
    pub(crate) fn say(&mut self, to: AgentId, frame: Frame) {
        if self.frames.len() >= HELD_MAX || !self.weights.add(to, &frame) {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let after = self.write();
        let what = Transmit { to, frame };
        self.frames.push_back(Held { after, what });
    }

    /// Orders this agent's own host to do something, once all that was stored so far is.
    pub(crate) fn order(&mut self, what: O) {
        let after = self.write();
        self.orders.push_back(Held { after, what });
    }

    /// Takes back orders that still wait.
    pub(crate) fn take_back_orders(&mut self, is_outdated: impl Fn(&O) -> bool) {
        self.orders.retain(|held| !is_outdated(&held.what));
    }

    /// All writes up to this one are stored.
    pub(crate) fn handle_stored(&mut self, id: WriteId) {
        self.stored = self.stored.max(id.min(self.last));
    }

    pub(crate) fn poll_write(&mut self) -> Option<Write> {
        if self.facts.is_empty() && self.notes.is_empty() {
            return None;
        }
        self.last = WriteId(self.last.0 + 1);
        if !self.facts.is_empty() {
            self.binding = self.last;
        }
        let mut facts = std::mem::take(&mut self.facts);
        facts.extend(self.notes.drain(..).map(Fact::Assessed));
        Some(Write {
            id: self.last,
            facts,
        })
    }

    /// The last write that is stored.
    pub(crate) const fn stored(&self) -> WriteId {
        self.stored
    }

    /// Whether the disk is so far behind that nothing new should be taken on.
    pub(crate) const fn is_behind(&self) -> bool {
        self.last.0 - self.stored.0 >= WRITES_MAX
    }

    pub(crate) fn poll_frame(&mut self) -> Option<Transmit> {
        let transmit = released(&mut self.frames, self.stored)?;
        self.weights.release(transmit.to, &transmit.frame);
        Some(transmit)
    }

    /// How many frames were dropped, since too much waited for the disk.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(crate) fn poll_order(&mut self) -> Option<O> {
        released(&mut self.orders, self.stored)
    }

    /// The write that what is said now has to wait for.
    pub(crate) fn write(&self) -> WriteId {
        match self.facts.is_empty() {
            true => self.binding,
            // The write that is being put together will have the next number.
            false => WriteId(self.last.0 + 1),
        }
    }
}

/// The first of them, if what it waits for is stored.
fn released<T>(held: &mut VecDeque<Held<T>>, stored: WriteId) -> Option<T> {
    if held.front()?.after > stored {
        return None;
    }
    held.pop_front().map(|held| held.what)
}

#[cfg(test)]
mod tests {
    use gary_promise::{
        AgentKey, BootEpoch, ClusterId, Evidence, Hint, Observer, Promiser, Time, Version,
    };

    use super::super::weight::HELD_FRAMES_PER_PEER_MAX;
    use super::*;

    fn hint(number: u8) -> Frame {
        Frame::Hint(Hint {
            agent: AgentId::from_bytes([number; 32]),
            version: Version::first(BootEpoch(1)),
        })
    }

    fn assessed() -> Assessed {
        let key = AgentKey::from_seed(&[1; 32]);
        let promiser = Promiser::new(key, ClusterId::from_bytes([1; 32]), BootEpoch(1));
        let observer = Observer::new(&promiser, std::time::Duration::ZERO);
        let promise = PromiseId {
            promiser: promiser.id(),
            version: Version::first(BootEpoch(1)),
        };
        Assessed {
            assessment: observer.assess_lasting(promise, &Evidence::default(), Time::from_us(1)),
            epoch: BootEpoch(1),
            workload: WorkloadId::from_bytes([1; 16]),
            slot: None,
        }
    }

    fn fact() -> Fact {
        Fact::Forgotten(PromiseId {
            promiser: AgentId::from_bytes([1; 32]),
            version: Version::first(BootEpoch(1)),
        })
    }

    #[test]
    fn nothing_is_said_before_what_it_follows_from_is_stored() {
        let to = AgentId::from_bytes([2; 32]);
        let mut outbox = Outbox::<u8>::new();
        outbox.say(to, hint(1));
        outbox.store(fact());
        outbox.say(to, hint(2));
        outbox.order(7);
        assert_eq!(outbox.poll_frame().map(|sent| sent.frame), Some(hint(1)));
        assert_eq!((outbox.poll_frame(), outbox.poll_order()), (None, None));

        let write = outbox.poll_write().expect("one fact");
        assert_eq!((write.facts, outbox.poll_write()), (vec![fact()], None));
        assert_eq!(outbox.poll_frame(), None);
        outbox.handle_stored(write.id);
        assert_eq!(outbox.poll_frame().map(|sent| sent.frame), Some(hint(2)));
        assert_eq!(outbox.poll_order(), Some(7));
    }

    #[test]
    fn nothing_waits_for_what_is_history() {
        let to = AgentId::from_bytes([2; 32]);
        let mut outbox = Outbox::<u8>::new();
        outbox.note(assessed());
        outbox.say(to, hint(1));
        assert!(outbox.poll_write().is_some());
        outbox.say(to, hint(2));
        assert_eq!(outbox.poll_frame().map(|sent| sent.frame), Some(hint(1)));
        assert_eq!(outbox.poll_frame().map(|sent| sent.frame), Some(hint(2)));

        // It goes along with what is waited for.
        outbox.note(assessed());
        outbox.store(fact());
        outbox.say(to, hint(3));
        let write = outbox.poll_write().expect("both");
        assert_eq!(write.facts.len(), 2);
        assert_eq!(outbox.poll_frame(), None);
        outbox.handle_stored(write.id);
        assert_eq!(outbox.poll_frame().map(|sent| sent.frame), Some(hint(3)));
    }

    #[test]
    fn what_was_never_written_is_not_stored() {
        let mut outbox = Outbox::<u8>::new();
        outbox.store(fact());
        outbox.order(7);
        outbox.handle_stored(WriteId(99));
        assert_eq!(outbox.poll_order(), None);
    }

    #[test]
    fn a_disk_that_never_answers_holds_only_so_much() {
        let mut outbox = Outbox::<u8>::new();
        outbox.store(fact());
        for peer in 0..2 * HELD_MAX / HELD_FRAMES_PER_PEER_MAX {
            let to = AgentId::from_bytes([peer as u8; 32]);
            for _ in 0..HELD_FRAMES_PER_PEER_MAX {
                outbox.say(to, hint(1));
            }
        }
        assert_eq!(outbox.frames.len(), HELD_MAX);
        assert_eq!(outbox.dropped(), HELD_MAX as u64);
    }

    #[test]
    fn one_peer_has_only_so_much_of_it() {
        let mut outbox = Outbox::<u8>::new();
        let [one, other] = [1, 2].map(|peer| AgentId::from_bytes([peer; 32]));
        outbox.store(fact());
        for _ in 0..HELD_FRAMES_PER_PEER_MAX + 3 {
            outbox.say(one, hint(1));
        }
        outbox.say(other, hint(2));
        assert_eq!(outbox.frames.len(), HELD_FRAMES_PER_PEER_MAX + 1);
        assert_eq!(outbox.dropped(), 3);
        // What is said makes room again.
        let write = outbox.poll_write().expect("one fact");
        outbox.handle_stored(write.id);
        while outbox.poll_frame().is_some() {}
        outbox.say(one, hint(1));
        assert_eq!((outbox.frames.len(), outbox.dropped()), (1, 3));
    }
}

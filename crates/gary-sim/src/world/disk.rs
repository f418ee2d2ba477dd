//! A node's disk: what is written is there once it is synced, and not before.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use gary_agent::{Assessed, Drain, Fact, JOURNAL_MAX, StoodBefore, Write, WriteId};
use gary_promise::{BootEpoch, CommitSequence, PromiseId, SignedRecord, Time};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::vote_store::VoteStore;
use crate::reader::Reader;

/// How a disk is.
#[derive(Debug, Clone, Copy)]
pub struct DiskSpec {
    /// How long a sync takes at least.
    pub sync: Duration,
    /// How much longer it may take.
    pub jitter: Duration,
}

impl DiskSpec {
    /// A solid disk that nobody else uses.
    pub const SOLID: Self = Self {
        sync: Duration::from_micros(500),
        jitter: Duration::from_micros(1_500),
    };
}

/// A node's disk. Its writes are stored one after the other, each as a whole or not at all: what is torn by
/// a crash is found to be torn, and gone.
#[derive(Debug)]
pub(super) struct Disk {
    spec: DiskSpec,
    random: ChaCha8Rng,
    starts: BootEpoch,
    records: BTreeMap<PromiseId, SignedRecord>,
    /// Which intents by which of its agent's own promises.
    kept: BTreeMap<PromiseId, PromiseId>,
    /// Which intents stood before by which of these.
    stood: BTreeMap<PromiseId, Vec<StoodBefore>>,
    /// What it holds of registers, and a backup of that.
    registers: VoteStore,
    backup: VoteStore,
    hosts_for: BTreeMap<PromiseId, Fact>,
    handed_over: BTreeSet<PromiseId>,
    /// Which intents are pending with its agent.
    pending: BTreeMap<PromiseId, Fact>,
    /// How runs ended that its agent hosts.
    ended: BTreeMap<PromiseId, Fact>,
    /// How many members its agent has known.
    acquainted: Option<u32>,
    /// How its agent is drained.
    drained: Option<Drain>,
    assessed: VecDeque<Assessed>,
    unsynced: VecDeque<Write>,
    /// When the sync under way is done.
    done_at: Time,
    /// When the next one begins and is done, if something waits for it already.
    next: Option<(Time, Time)>,
}

impl Disk {
    pub(super) fn new(spec: DiskSpec, random: ChaCha8Rng) -> Self {
        Self {
            spec,
            random,
            starts: BootEpoch(0),
            records: BTreeMap::new(),
            kept: BTreeMap::new(),
            stood: BTreeMap::new(),
            registers: VoteStore::default(),
            backup: VoteStore::default(),
            hosts_for: BTreeMap::new(),
            handed_over: BTreeSet::new(),
            pending: BTreeMap::new(),
            ended: BTreeMap::new(),
            acquainted: None,
            drained: None,
            assessed: VecDeque::new(),
            unsynced: VecDeque::new(),
            done_at: Time::from_us(0),
            next: None,
        }
    }

    /// Another disk with the same on it.
    pub(super) fn copy(&self, seed: u64) -> Self {
        Self {
            starts: self.starts,
            records: self.records.clone(),
            kept: self.kept.clone(),
            stood: self.stood.clone(),
            registers: self.registers.clone(),
            hosts_for: self.hosts_for.clone(),
            handed_over: self.handed_over.clone(),
            pending: self.pending.clone(),
            ended: self.ended.clone(),
            acquainted: self.acquainted,
            drained: self.drained,
            ..Self::new(self.spec, ChaCha8Rng::seed_from_u64(seed))
        }
    }

    /// Makes a backup of what it holds of registers, in the place of the one before.
    pub(super) fn back_up(&mut self) {
        self.backup = self.registers.clone();
    }

    /// Puts back what it held of registers when the last backup was made, or nothing. Says how far the store is with that.
    pub(super) fn restore(&mut self) -> CommitSequence {
        self.registers = self.backup.clone();
        self.registers.sequence()
    }

    /// Counts one more start.
    pub(super) fn count_start(&mut self) -> BootEpoch {
        self.starts = BootEpoch(self.starts.0 + 1);
        self.starts
    }

    /// Takes a write, and says when it is synced: what comes during a sync is synced together by the next.
    pub(super) fn write(&mut self, now: Time, write: Write) -> Time {
        self.unsynced.push_back(write);
        if let Some((begins_at, done_at)) = self.next {
            if begins_at > now {
                return done_at;
            }
            self.done_at = done_at;
            self.next = None;
        }
        let jitter_us = self.spec.jitter.as_micros() as u64;
        let jitter = Duration::from_micros(self.random.random_range(0..=jitter_us));
        let begins_at = self.done_at.max(now);
        let done_at = begins_at.after(self.spec.sync + jitter);
        match begins_at > now {
            true => self.next = Some((begins_at, done_at)),
            false => self.done_at = done_at,
        }
        done_at
    }

    /// The write is synced, and with it all before: what was stored by that.
    pub(super) fn synced(&mut self, id: WriteId, reader: &mut Reader) -> Vec<Fact> {
        let mut stored = Vec::new();
        while self.unsynced.front().is_some_and(|write| write.id <= id) {
            let write = self.unsynced.pop_front();
            stored.extend(write.into_iter().flat_map(|write| write.facts));
        }
        for fact in &stored {
            self.apply(fact, reader);
        }
        stored
    }

    /// Loses power: of what is not synced, some of the first writes are there and the others are not.
    pub(super) fn crash(&mut self, reader: &mut Reader) -> Vec<Fact> {
        let kept = self.random.random_range(0..=self.unsynced.len());
        let last = kept.checked_sub(1).and_then(|last| self.unsynced.get(last));
        let last = last.map(|write| write.id);
        let stored = last
            .map(|last| self.synced(last, reader))
            .unwrap_or_default();
        self.unsynced.clear();
        self.done_at = Time::from_us(0);
        self.next = None;
        stored
    }

    /// What is stored and not forgotten.
    pub(super) fn facts(&self) -> Vec<Fact> {
        let records = self.records.values().cloned().map(Fact::Record);
        let kept = self.kept.iter().map(|(keep, intent)| Fact::Keeps {
            keep: *keep,
            intent: *intent,
        });
        let assessed = self.assessed.iter().copied().map(Fact::Assessed);
        let acquainted = self.acquainted.map(Fact::Acquainted);
        let drained = self.drained.map(|its| Fact::Drained(Some(its)));
        let hosts_for = self.hosts_for.values().cloned();
        let handed_over = self.handed_over.iter();
        let handed_over = handed_over.map(|offer| Fact::HandedOver {
            offer: *offer,
            is_so: true,
        });
        let stood = self.stood.iter().map(|(keep, before)| Fact::Stood {
            keep: *keep,
            before: before.clone(),
        });
        let others = kept
            .chain(stood)
            .chain(self.registers.facts())
            .chain(hosts_for)
            .chain(self.ended.values().cloned())
            .chain(handed_over)
            .chain(self.pending.values().cloned())
            .chain(acquainted)
            .chain(drained)
            .chain(assessed);
        records.chain(others).collect()
    }

    fn apply(&mut self, fact: &Fact, reader: &mut Reader) {
        if self.registers.apply(fact) {
            return;
        }
        match fact {
            Fact::Record(record) => {
                if let Some(id) = reader.id(record) {
                    self.records.insert(id, record.clone());
                }
            }
            Fact::Forgotten(id) => {
                self.records.remove(id);
                self.kept.remove(id);
                self.stood.remove(id);
                self.hosts_for.remove(id);
                self.ended.remove(id);
            }
            Fact::Keeps { keep, intent } => {
                self.kept.insert(*keep, *intent);
            }
            Fact::Stood { keep, before } => {
                self.stood.insert(*keep, before.clone());
            }
            Fact::HostsFor { offer, .. } => {
                self.hosts_for.insert(*offer, fact.clone());
            }
            Fact::Ended { offer, ended } => match ended {
                Some(_) => _ = self.ended.insert(*offer, fact.clone()),
                None => _ = self.ended.remove(offer),
            },
            Fact::HandedOver { offer, is_so: true } => {
                self.handed_over.insert(*offer);
            }
            Fact::HandedOver { offer, .. } => {
                self.handed_over.remove(offer);
            }
            Fact::Pending { intent, .. } => {
                self.pending.insert(*intent, fact.clone());
            }
            Fact::Settled(intent) => {
                self.pending.remove(intent);
            }
            Fact::Drained(drain) => self.drained = *drain,
            Fact::Acquainted(count) => self.acquainted = Some(*count),
            Fact::Assessed(assessed) => {
                if self.assessed.len() >= JOURNAL_MAX {
                    self.assessed.pop_front();
                }
                self.assessed.push_back(*assessed);
            }
            Fact::Votes { .. }
            | Fact::Granted { .. }
            | Fact::Ungranted(_)
            | Fact::Committed(_)
            | Fact::Saw { .. }
            | Fact::SetBack(_)
            | Fact::Collected { .. } => {}
        }
    }
}

//! What an agent remembers across a start, sorted into what it is for.

use std::collections::BTreeMap;

use gary_promise::{
    Accept, AgentId, Body, BootEpoch, BoundedSet, Entry, KEEPERS_MAX, Own, Promise, PromiseId,
    Promiser, SignedRecord, Time, Verdict, Verified, WorkloadId, WorkloadName,
};

use crate::custody::{Collected, Intent, Sequenced, WasPending};
use crate::dealings::Drain;
use crate::exclusive::Grant;
use crate::hosting::Ended;
use crate::register::Votes;
use crate::tending::Stood;
use crate::voice::{Fact, Speech, StoodBefore, Voice};

/// What an agent remembers, sorted.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Of others, and of this agent where it is a person's too.
    intents: BTreeMap<PromiseId, Verified<Promise>>,
    /// Which workloads this agent keeps.
    keeps: BTreeMap<WorkloadId, Own<Promise>>,
    /// Which intent by which of these.
    kept_by: BTreeMap<PromiseId, PromiseId>,
    /// All offers that count, its own among them.
    offers: BTreeMap<PromiseId, Verified<Promise>>,
    /// All acceptances that count, by the offers they are of, its own among them.
    acceptances: BTreeMap<PromiseId, (Accept, Verified<Promise>)>,
    /// Which intents stood before, by which of these.
    stood: BTreeMap<PromiseId, Vec<StoodBefore>>,
    /// Who else keeps what is hosted by offers of its own.
    hosts_for: BTreeMap<PromiseId, HostsFor>,
    /// Which intents are pending here, since when, and why each was refused if it was.
    pending: BTreeMap<PromiseId, (Since, Option<Verdict>)>,
    /// How runs ended that are hosted by offers of its own.
    ended: BTreeMap<PromiseId, Ended>,
    /// Which offers that it had accepted others keep.
    handed_over: Vec<PromiseId>,
    /// How many members it has known that might keep something.
    acquainted: Option<u32>,
    /// How it is drained.
    drained: Option<Drain>,
    /// How it has voted on which register.
    votes: BTreeMap<WorkloadName, Votes<Entry>>,
    /// What it has forgotten of what was deleted.
    collected: Collected,
    /// How far its store is, and those of others.
    sequenced: Sequenced,
    /// What it has granted of exclusive workloads.
    grants: BTreeMap<WorkloadId, Grant>,
    /// What an agent says of its machine. It says that again at each start.
    outdated: Vec<PromiseId>,
}

/// A start of this agent, and the time since that.
type Since = (BootEpoch, Time);

/// A workload that was kept.
pub(crate) struct WasKept {
    pub(crate) intent: Verified<Promise>,
    pub(crate) keep: Own<Promise>,
    /// Which intents stood before, the latest last.
    pub(crate) stood: Vec<Stood>,
}

/// A hosting that was bound, by this agent's offer.
pub(crate) struct WasHosted {
    pub(crate) offer: Own<Promise>,
    /// What it was bound by; `None` for an offer that nobody had accepted.
    pub(crate) bound_by: Option<(Verified<Promise>, Verified<Promise>)>,
    /// Who keeps it besides whom it was offered to.
    pub(crate) keepers: BoundedSet<AgentId, KEEPERS_MAX>,
    /// Whether whom it was offered to keeps it no more.
    pub(crate) is_handed_over: bool,
    /// How a run of it ended that its keepers may not know of.
    pub(crate) ended: Option<Ended>,
}

/// Who keeps what is hosted besides whom it was offered to, and whether that one keeps it no more.
type HostsFor = (BoundedSet<AgentId, KEEPERS_MAX>, bool);

impl Memory {
    /// Sorts what was stored. What was not signed as it says, or cannot be read, is left out: a disk is no more to
    /// be trusted than a peer.
    pub(crate) fn of<C: Speech, O>(
        facts: impl IntoIterator<Item = Fact>,
        voice: &mut Voice<C, O>,
    ) -> Self {
        let mut memory = Self::default();
        for fact in facts {
            match fact {
                Fact::Record(SignedRecord::Promise(signed)) => {
                    if let Ok(promise) = voice.verify(signed) {
                        memory.sort(promise, voice.promiser());
                    }
                }
                Fact::Keeps { keep, intent } => {
                    memory.kept_by.insert(keep, intent);
                }
                Fact::Stood { keep, before } => {
                    memory.stood.insert(keep, before);
                }
                Fact::HostsFor {
                    offer,
                    keepers,
                    is_handed_over,
                } => {
                    memory.hosts_for.insert(offer, (keepers, is_handed_over));
                }
                Fact::Ended {
                    offer,
                    ended: Some(ended),
                } => {
                    memory.ended.insert(offer, *ended);
                }
                Fact::Votes { name, votes } => {
                    memory.votes.insert(name, *votes);
                }
                Fact::Pending {
                    intent,
                    since,
                    refused,
                } => {
                    memory.pending.insert(intent, (since, refused));
                }
                Fact::HandedOver { offer, is_so: true } => memory.handed_over.push(offer),
                Fact::Collected {
                    workload, floor, ..
                } => memory.collected.add(workload, floor),
                Fact::Committed(sequence) => memory.sequenced.own = sequence,
                Fact::Saw { agent, sequence } => {
                    memory.sequenced.seen.insert(agent, sequence);
                }
                Fact::SetBack(set_back) => memory.sequenced.set_back = Some(set_back),
                Fact::Acquainted(count) => memory.acquainted = Some(count),
                Fact::Drained(drain) => memory.drained = drain,
                Fact::Assessed(assessed) => voice.recall(assessed),
                Fact::Granted { workload, grant } => {
                    memory.grants.insert(workload, grant);
                }
                // What was forgotten is not there any more.
                Fact::Record(_)
                | Fact::Forgotten(_)
                | Fact::HandedOver { .. }
                | Fact::Settled(_)
                | Fact::Ended { .. }
                | Fact::Ungranted(_) => {}
            }
        }
        memory
    }

    fn sort(&mut self, promise: Verified<Promise>, me: &Promiser) {
        match (promise.body(), promise.workload()) {
            (Body::Use(_), _) => {
                self.intents.insert(promise.id(), promise);
            }
            (Body::Keep(_), Some(workload)) => {
                if let Ok(own) = me.recognise(promise) {
                    self.keeps.insert(workload, own);
                }
            }
            (Body::Host(_), _) => {
                self.offers.insert(promise.id(), promise);
            }
            (Body::Accept(accept), _) => {
                let accept = *accept;
                self.acceptances.insert(accept.offer, (accept, promise));
            }
            _ => self.outdated.push(promise.id()),
        }
    }

    /// The workloads that were kept.
    pub(crate) fn kept(&self) -> Vec<WasKept> {
        let kept = self.keeps.values().filter_map(|keep| {
            let intent = self.kept_by.get(&keep.id())?;
            let before = self.stood.get(&keep.id()).into_iter().flatten();
            let stood = before.filter_map(|its| {
                Some(Stood {
                    intent: self.intents.get(&its.intent)?.clone(),
                    failed: its.failed,
                    epoch: its.epoch,
                })
            });
            Some(WasKept {
                intent: self.intents.get(intent)?.clone(),
                keep: keep.clone(),
                stood: stood.collect(),
            })
        });
        kept.collect()
    }

    /// How many members it has known that might keep something.
    pub(crate) const fn acquainted(&self) -> Option<u32> {
        self.acquainted
    }

    /// How it is drained, if it is.
    pub(crate) const fn drained(&self) -> Option<Drain> {
        self.drained
    }

    /// Which offers that it had accepted others keep.
    pub(crate) fn take_handed_over(&mut self) -> Vec<PromiseId> {
        std::mem::take(&mut self.handed_over)
    }

    /// The intents that were pending.
    pub(crate) fn take_pending(&mut self) -> Vec<WasPending> {
        let pending = std::mem::take(&mut self.pending).into_iter();
        let pending = pending.filter_map(|(id, (since, refused))| {
            Some(WasPending {
                intent: Intent::of(self.intents.get(&id)?.clone())?,
                since,
                refused,
            })
        });
        pending.collect()
    }

    /// How it has voted.
    pub(crate) fn take_votes(&mut self) -> BTreeMap<WorkloadName, Votes<Entry>> {
        std::mem::take(&mut self.votes)
    }

    /// What it has forgotten of what was deleted.
    pub(crate) fn take_collected(&mut self) -> Collected {
        std::mem::take(&mut self.collected)
    }

    /// How far its store is, and those of others.
    pub(crate) fn take_sequenced(&mut self) -> Sequenced {
        std::mem::take(&mut self.sequenced)
    }

    /// What it has granted of exclusive workloads.
    pub(crate) fn take_grants(&mut self) -> BTreeMap<WorkloadId, Grant> {
        std::mem::take(&mut self.grants)
    }

    /// All promises that are remembered.
    pub(crate) fn ids(&self) -> Vec<PromiseId> {
        let others = [&self.intents, &self.offers].map(BTreeMap::keys);
        let acceptances = self.acceptances.values().map(|(_, its)| its.id());
        let keeps = self.keeps.values().map(|its| its.id());
        let ids = others.into_iter().flatten().copied();
        let outdated = self.outdated.iter().copied();
        ids.chain(acceptances)
            .chain(keeps)
            .chain(outdated)
            .collect()
    }

    /// What was counted, with this agent's acceptances.
    pub(crate) fn counted(&self, me: &Promiser) -> Vec<(Verified<Promise>, Own<Promise>)> {
        let acceptances = self.acceptances.iter();
        let counted = acceptances.filter_map(|(offer, (_, acceptance))| {
            let own = me.recognise(acceptance.clone()).ok()?;
            Some((self.offers.get(offer)?.clone(), own))
        });
        counted.collect()
    }

    /// What was offered and hosted, by this agent's offers.
    pub(crate) fn hosted(&self, me: &Promiser) -> Vec<WasHosted> {
        let offers = self.offers.iter();
        let hosted = offers.filter_map(|(id, offer)| {
            let offer = me.recognise(offer.clone()).ok()?;
            let bound_by = self.acceptances.get(id).and_then(|(accept, acceptance)| {
                Some((
                    self.intents.get(&accept.intent)?.clone(),
                    acceptance.clone(),
                ))
            });
            let (keepers, is_handed_over) = self.hosts_for.get(id).cloned().unwrap_or_default();
            Some(WasHosted {
                offer,
                bound_by,
                keepers,
                is_handed_over,
                ended: self.ended.get(id).cloned(),
            })
        });
        hosted.collect()
    }
}

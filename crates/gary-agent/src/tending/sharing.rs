//! Several keepers of one workload: what they take over from its register, and what hosts tell one of them that is
//! bound by another.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{
    AgentId, Body, BootEpoch, BoundedSet, ConfigurationEpoch, Evidence, Frame, Generation, Host,
    INQUIRED_MAX, Inquiry, Promise, PromiseId, Renewal, Time, Use, Verified, Version, Word,
};

use super::counted::Acceptance;
use super::dismissed::dismiss;
use super::turn::in_turn;
use super::workloads::Tending;
use crate::custody::Chosen;
use crate::dealings::LEASE_MS;
use crate::hosting::Order;
use crate::refused::Fault;
use crate::voice::{Speech, Voice};

/// The most hostings that a keeper has asked after and not been told of. Beyond, all are forgotten, and asked after anew
/// when they are renewed.
pub const ASKED_MAX: usize = 4_096;

/// How long a host has to answer an inquiry. What it tells later counts for nothing, and is asked after once more when it
/// is renewed.
pub const ANSWERS_INQUIRY_WITHIN: Duration = Duration::from_secs(2);

/// What a host was asked after.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    at: Time,
    /// In which inquiry.
    number: u64,
    /// The renewal that has named it. What its host had said by then is no news.
    renewal: Version,
    /// Whether its host had said by then that it does not run.
    is_idle: bool,
    /// By when it takes back what it hosts, by the same word.
    ends_by: Option<Time>,
}

/// What a keeper makes of a hosting that it is told another has bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shared {
    /// It counts it.
    Counted,
    /// It counts it, and it is of a later generation than this keeper knows of.
    Later,
    /// It counts it, and the one who bound it may not have heard of the current generation.
    Earlier,
    /// It keeps no such workload.
    NotKept,
    /// It has said already what it makes of it.
    Settled,
}

impl Tending {
    /// The register of a name holds an intent by now, and these keep it. Nothing of an earlier one comes after a later.
    pub(crate) fn entrust<C: Speech>(
        &mut self,
        now: Time,
        chosen: Chosen,
        voice: &mut Voice<C, Order>,
    ) {
        let Chosen {
            intent,
            keepers,
            runs,
            has_voted,
        } = chosen;
        let (Body::Use(wanted), Some(workload)) = (intent.body(), intent.workload()) else {
            return;
        };
        let generation = wanted.lineage.generation();
        let (is_over, is_first) = (wanted.valency.get() == 0, generation == Generation::FIRST);
        let known = self.tended.get(&workload);
        let known = known.map(|its| its.wanted.lineage.generation());
        let taken = match known {
            Some(known) if known > generation => return,
            Some(known) if known == generation => Ok(()),
            Some(_) => self.update(now, workload, intent, voice),
            // What is over, those see to who have tended it.
            None if is_over => return,
            None => self.found(now, workload, intent, voice),
        };
        // Where its sheet has no more room, the others tend it.
        if taken.is_err() {
            return;
        }
        if let Some(tended) = self.tended.get_mut(&workload) {
            tended.keepers = in_turn(workload, keepers.keepers());
            tended.runs = runs;
            let is_new = is_first && has_voted && keepers.epoch() == ConfigurationEpoch::FIRST;
            if known.is_none() && !is_new {
                tended.learns_until = now.after(super::turn::LEARNS_FOR);
            }
        }
        self.wake(workload, now);
    }

    /// For what a host was asked of late that tells of this, in this life and inquiry: what answers none, or an earlier one,
    /// may be of long ago.
    pub(crate) fn take_asked(
        &mut self,
        now: Time,
        offer: &PromiseId,
        epoch: BootEpoch,
        answers: (BootEpoch, u64),
    ) -> Option<Asked> {
        let is_answered = |its: &&Asked| {
            answers == (epoch, its.number) && now.since(its.at) <= ANSWERS_INQUIRY_WITHIN
        };
        self.asked.get(offer).filter(is_answered)?;
        self.asked.remove(offer)
    }

    /// A host tells of what it hosts by another keeper's acceptance, as it was asked. The caller has seen that the two
    /// halves match.
    pub(crate) fn handle_bound<C: Speech>(
        &mut self,
        now: Time,
        told: (Verified<Promise>, Host),
        asked: Asked,
        voice: &mut Voice<C, Order>,
    ) -> Result<Shared, Fault> {
        let (offer, host) = &told;
        let (by, version) = (offer.by(), offer.version());
        let Some(tended) = self.tended.get_mut(&host.workload) else {
            return Ok(Shared::NotKept);
        };
        // It has said so once: that may still be under way.
        if tended.dismissed.has(by, version) {
            dismiss(voice, by, [version]);
            return Err(Fault::Replay);
        }
        self.count_bound(now, told, Acceptance::Others, asked)
    }

    /// Counts what a host tells that it hosts of a workload that is tended, by this keeper's acceptance or another's.
    pub(super) fn count_bound(
        &mut self,
        now: Time,
        (offer, host): (Verified<Promise>, Host),
        acceptance: Acceptance,
        asked: Asked,
    ) -> Result<Shared, Fault> {
        let (id, by, version) = (offer.id(), offer.by(), offer.version());
        let (workload, slot) = (host.workload, host.slot);
        let Some(tended) = self.tended.get_mut(&workload) else {
            return Ok(Shared::NotKept);
        };
        if self.withdrawn.has(&id) {
            return Err(Fault::Gone);
        }
        if tended.counted_by(slot, &by, version).is_some() {
            return Err(Fault::Replay);
        }
        let known = tended.wanted.lineage.generation();
        let shared = match host.generation {
            its if its > known => Shared::Later,
            its if its < known => Shared::Earlier,
            _ => Shared::Counted,
        };
        if shared == Shared::Counted && !is_enough(&host, &tended.wanted) {
            return Err(Fault::Mismatch);
        }
        tended.fills.rest();
        tended.count(offer, host, acceptance, slot, now);
        // Nothing that it had said by the renewal after which it was asked is news.
        let renewed = Evidence::heard(Word::Renewal, asked.renewal, now);
        tended.learn(slot, &by, version, renewed);
        match asked.is_idle {
            true => tended.idle(slot, &by, version),
            false => _ = tended.hosted(slot, &by, version, now),
        }
        tended.ends(slot, &by, version, asked.ends_by);
        let theirs = self.by_host.entry(by).or_default();
        theirs.insert(version, (workload, slot));
        let last = self.renewed.entry(by).or_insert(asked.renewal);
        *last = asked.renewal.max(*last);
        self.wake(workload, now);
        Ok(shared)
    }

    /// Asks a host after what it has renewed by others' acceptance, and this keeper does not know of; and after some that
    /// it has accepted itself.
    pub(super) fn inquire<C: Speech>(
        &mut self,
        now: Time,
        from: AgentId,
        renewal: &Renewal,
        own: Vec<Version>,
        voice: &mut Voice<C, Order>,
    ) {
        let nothing = BTreeMap::new();
        let theirs = self.by_host.get(&from).unwrap_or(&nothing);
        let is_unknown = |version: &&Version| {
            let id = PromiseId {
                promiser: from,
                version: **version,
            };
            !theirs.contains_key(*version) && !self.withdrawn.has(&id)
        };
        let unknown = renewal.by_others.iter().filter(is_unknown).copied();
        let offers: Vec<Version> = own.into_iter().chain(unknown).take(INQUIRED_MAX).collect();
        if offers.is_empty() {
            return;
        }
        if self.asked.len() + offers.len() > ASKED_MAX {
            self.asked.clear();
        }
        self.inquiries += 1;
        let ends_by = renewal
            .ends_within
            .map(|within| now.after(within.duration()));
        let (number, named_idle, renewal) = (self.inquiries, &renewal.idle, renewal.version);
        self.asked.extend(offers.iter().map(|version| {
            let (promiser, version) = (from, *version);
            let asked = Asked {
                at: now,
                number,
                renewal,
                is_idle: named_idle.contains(&version),
                ends_by,
            };
            (PromiseId { promiser, version }, asked)
        }));
        let offers = BoundedSet::new(offers).expect("no more were taken");
        let epoch = voice.promiser().epoch();
        voice.say(
            from,
            Frame::Inquiry(Inquiry {
                epoch,
                number,
                offers,
            }),
        );
    }
}

/// Whether an offer is of as much as is wanted, under a lease that is not too long.
pub(super) fn is_enough(host: &Host, wanted: &Use) -> bool {
    let needed = wanted.needs.portion.resources();
    host.lease.as_ms() <= LEASE_MS && host.portion.resources().covers(needed)
}

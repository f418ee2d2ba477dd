//! Several keepers of one workload: what they take over from its register, and what hosts tell one of them that is
//! bound by another.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{
    AgentId, Body, BoundedSet, Frame, Generation, Host, INQUIRED_MAX, Inquiry, Promise, PromiseId,
    Renewal, Time, Use, Verified, Version,
};

use super::counted::Acceptance;
use super::dismissed::dismiss;
use super::tended::Tended;
use super::turn::in_turn;
use super::workloads::Tending;
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
}

/// A hosting that a host was asked after.
#[derive(Debug, Clone, Copy)]
pub(super) struct AskedAfter {
    at: Time,
    /// Whether its host had said that it does not run.
    is_idle: bool,
}

impl Tending {
    /// The register of a name holds an intent by now, and these keep it. Nothing of an earlier one comes after a later.
    pub(crate) fn entrust<C: Speech>(
        &mut self,
        now: Time,
        intent: Verified<Promise>,
        keepers: &[AgentId],
        voice: &mut Voice<C, Order>,
    ) {
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
            tended.keepers = in_turn(workload, keepers);
            if known.is_none() && !is_first {
                tended.learns_until = now.after(super::turn::LEARNS_FOR);
            }
        }
        self.wake(workload, now);
    }

    /// A host tells of what it hosts by another keeper's acceptance. The caller has seen that the two halves match.
    pub(crate) fn handle_bound<C: Speech>(
        &mut self,
        now: Time,
        offer: Verified<Promise>,
        host: Host,
        voice: &mut Voice<C, Order>,
    ) -> Result<Shared, Fault> {
        // What nobody has asked after may be of long ago.
        let asked = self.asked.remove(&offer.id());
        let asked = asked.filter(|its| now.since(its.at) <= ANSWERS_INQUIRY_WITHIN);
        let is_idle = asked.ok_or(Fault::Unasked)?.is_idle;
        let Some(tended) = self.tended.get_mut(&host.workload) else {
            return Ok(Shared::NotKept);
        };
        if self.withdrawn.has(&offer.id()) {
            return Err(Fault::Gone);
        }
        let (by, version, slot) = (offer.by(), offer.version(), host.slot);
        if tended.counted_by(slot, &by, version).is_some() {
            return Err(Fault::Replay);
        }
        // It has said so once: that may still be under way.
        if tended.dismissed.has(by, version) {
            dismiss(voice, by, [version]);
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
        let workload = host.workload;
        tended.count(offer, host, Acceptance::Others, slot, now);
        match is_idle {
            true => tended.idle(slot, &by, version),
            false => _ = tended.hosted(slot, &by, version, now),
        }
        let theirs = self.by_host.entry(by).or_default();
        theirs.insert(version, (workload, slot));
        self.wake(workload, now);
        Ok(shared)
    }

    /// Asks a host after what it has renewed by others' acceptance, and this keeper does not know of.
    pub(super) fn inquire<C: Speech>(
        &mut self,
        now: Time,
        from: AgentId,
        renewal: &Renewal,
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
        let offers: Vec<Version> = unknown.take(INQUIRED_MAX).collect();
        if offers.is_empty() {
            return;
        }
        if self.asked.len() + offers.len() > ASKED_MAX {
            self.asked.clear();
        }
        self.asked.extend(offers.iter().map(|version| {
            let (promiser, version) = (from, *version);
            let (at, is_idle) = (now, renewal.idle.contains(&version));
            (PromiseId { promiser, version }, AskedAfter { at, is_idle })
        }));
        let offers = BoundedSet::new(offers).expect("no more were taken");
        let epoch = voice.promiser().epoch();
        voice.say(from, Frame::Inquiry(Inquiry { epoch, offers }));
    }
}

/// Whether an offer is of as much as is wanted, under a lease that is not too long.
pub(super) fn is_enough(host: &Host, wanted: &Use) -> bool {
    let needed = wanted.needs.portion.resources();
    host.lease.as_ms() <= LEASE_MS && host.portion.resources().covers(needed)
}

impl Tended {
    /// Whether what is counted by this offer is bound by another keeper.
    pub(super) fn is_others(
        &mut self,
        slot: gary_promise::Slot,
        host: &AgentId,
        offer: Version,
    ) -> bool {
        let counted = self.counted_by(slot, host, offer);
        counted.is_some_and(|its| matches!(its.acceptance, Acceptance::Others))
    }
}

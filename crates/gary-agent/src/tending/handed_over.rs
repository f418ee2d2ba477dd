//! Workloads that others keep in the place of this agent.

use std::collections::BTreeMap;

use gary_promise::{
    AgentId, Frame, Handover, Host, Offers, Promise, PromiseId, RENEWED_MAX, Time, Verified,
    Version, WorkloadId,
};

use super::counted::Acceptance;
use super::dismissed::dismiss;
use super::sharing::{Asked, Shared};
use super::workloads::{Tending, forget};
use crate::hosting::Order;
use crate::refused::Fault;
use crate::voice::{Speech, Voice};

impl Tending {
    /// Others keep a workload in the place of this agent, and count what it has counted. It looks after nothing of it any
    /// more, and dismisses nothing that is bound: what it has accepted stands until its host withdraws. Hosts are told, so
    /// that they go by the others' word alone.
    pub(crate) fn hand_over<C: Speech>(
        &mut self,
        workload: &WorkloadId,
        voice: &mut Voice<C, Order>,
    ) {
        let Some(tended) = self.tended.get_mut(workload) else {
            return;
        };
        for (host, offer) in tended.end_round() {
            dismiss(voice, host, [offer]);
            forget(&mut self.by_host, &mut self.renewed, &host, offer);
        }
        let counted = std::mem::take(&mut tended.slots);
        let mut by_host: BTreeMap<AgentId, Vec<Version>> = BTreeMap::new();
        for its in counted.into_values().flatten() {
            let (host, version) = (its.offer.by(), its.offer.version());
            forget(&mut self.by_host, &mut self.renewed, &host, version);
            by_host.entry(host).or_default().push(version);
            if let Acceptance::Own(acceptance) = its.acceptance {
                voice.forget(its.offer.id());
                voice.forget(acceptance.id());
                voice.keep_handed_over(its.offer.id());
                if let Some(first) = self.handed_over.add(its.offer.id()) {
                    voice.forget_handed_over(first);
                }
            }
        }
        for (host, offers) in by_host {
            leave_to_others(voice, host, offers);
        }
        self.end(*workload, voice);
    }

    /// Remembers after a start what it had handed over.
    pub(crate) fn resume_handed_over(&mut self, offers: impl IntoIterator<Item = PromiseId>) {
        for offer in offers {
            self.handed_over.add(offer);
        }
    }

    /// A host has withdrawn what was handed over. Says whether it was.
    pub(super) fn forget_handed_over<C: Speech>(
        &mut self,
        offer: &PromiseId,
        voice: &mut Voice<C, Order>,
    ) -> bool {
        let was = self.handed_over.remove(offer);
        if was {
            voice.forget_handed_over(*offer);
        }
        was
    }

    /// A host tells of what it hosts by this agent's own acceptance, which does not count it. What it has handed over it
    /// counts again if it keeps the workload again, and leaves to others if it does not. Anything else it has let go.
    pub(crate) fn handle_own_bound<C: Speech>(
        &mut self,
        now: Time,
        told: (Verified<Promise>, Host),
        asked: Asked,
        acceptance: Verified<Promise>,
        voice: &mut Voice<C, Order>,
    ) -> Result<Shared, Fault> {
        let (offer, host) = &told;
        let (id, by, version) = (offer.id(), offer.by(), offer.version());
        let own = voice.promiser().recognise(acceptance);
        let own = own.map_err(|_| Fault::NotTheirs)?;
        if !self.handed_over.has(&id) {
            dismiss(voice, by, [version]);
            return Ok(Shared::Settled);
        }
        if !self.tended.contains_key(&host.workload) {
            leave_to_others(voice, by, [version]);
            return Ok(Shared::Settled);
        }
        let offer = offer.clone();
        let acceptance = Acceptance::Own(own.clone().into());
        let shared = self.count_bound(now, told, acceptance, asked)?;
        self.forget_handed_over(&id, voice);
        voice.keep_promise(&offer);
        voice.keep_promise(&own);
        Ok(shared)
    }

    /// Whether it has handed something over that a host renews still.
    pub(super) fn has_handed_over(&self, promiser: AgentId, version: Version) -> bool {
        self.handed_over.has(&PromiseId { promiser, version })
    }
}

/// Says that others keep what a host has bound to this agent, or has told it of.
pub(crate) fn leave_to_others<C: Speech>(
    voice: &mut Voice<C, Order>,
    host: AgentId,
    offers: impl IntoIterator<Item = Version>,
) {
    let offers: Vec<Version> = offers.into_iter().collect();
    for some in offers.chunks(RENEWED_MAX) {
        let handover = Handover {
            version: voice.stamp(),
            offers: Offers::new(some.iter().copied()).expect("a chunk is no longer"),
        };
        voice.say(host, Frame::Handover(handover));
    }
}

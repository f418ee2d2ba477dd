//! Which of several hosts of one slot goes.

use std::collections::BTreeSet;

use gary_promise::{AgentId, PromiseId, Reason, Slot, Version, WorkloadId, rendezvous};
use rand::Rng;

use super::counted::{Counted, Standing};
use super::tended::{Keeper, Tended, uncount};
use crate::voice::Speech;

impl Tended {
    /// Where good hostings share a slot, takes back the acceptance of those that are worse than one that is hosted, or
    /// dismisses them where that is another keeper's. Which is the worse follows from what is signed and from nothing that
    /// keepers may see differently, so that no two hosts ever stop for each other. Says which offers are not counted any
    /// more.
    pub(super) fn settle_surplus<C: Speech, R: Rng>(
        &mut self,
        keeper: &mut Keeper<'_, C, R>,
    ) -> Vec<(AgentId, Version)> {
        let mut gone = Vec::new();
        if self.slots.values().all(|its| its.len() < 2) {
            return gone;
        }
        let (now, observer) = (keeper.now, keeper.observer());
        let shared = self.slots.iter_mut().filter(|(_, its)| its.len() > 1);
        for (slot, counted) in shared {
            let good = counted.iter();
            let good = good.filter(|its| its.standing(&observer, now) == Standing::Good);
            // As long as nobody hosts the current generation, it is an earlier one that is shared.
            let Some(generation) = good.clone().map(Counted::generation).max() else {
                continue;
            };
            let sharing = good.filter(|its| its.generation() == generation);
            // Who leaves makes way for whoever stays, and nobody for who leaves.
            let stays = sharing.clone().any(|its| !its.is_leaving());
            let sharing = sharing.filter(|its| !(stays && its.is_leaving()));
            let sharing: BTreeSet<PromiseId> = sharing.map(|its| its.offer.id()).collect();
            // Who held fewer other slots comes first, then an order that is the same for everyone and favours nobody.
            let place = |its: &Counted| {
                let host = its.offer.by();
                let rank = rank(self.workload, *slot, host);
                (its.host.besides, rank, its.offer.id())
            };
            // Nobody withdraws for one that may not run.
            let hosted = counted
                .iter()
                .filter(|its| sharing.contains(&its.offer.id()) && its.is_hosted(&observer, now));
            let Some(winner) = hosted.map(place).min() else {
                continue;
            };
            counted.retain(|its| {
                let is_loser = sharing.contains(&its.offer.id()) && place(its) > winner;
                if is_loser {
                    let dismissed = &mut self.dismissed;
                    gone.push(uncount(its, Reason::Surplus, keeper.voice, dismissed));
                }
                !is_loser
            });
        }
        gone
    }
}

/// Where a host comes among those of a slot.
fn rank(workload: WorkloadId, slot: Slot, host: AgentId) -> u64 {
    let mut key = workload.as_bytes().to_vec();
    key.extend(slot.0.to_be_bytes());
    rendezvous(&key, host)
}

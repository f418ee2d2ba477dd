//! Telling the other keepers of a workload what one of them has bound.

use std::collections::BTreeSet;

use gary_promise::{
    AgentId, BootEpoch, Bound, Frame, Handover, Inquiry, Offers, RENEWED_MAX, Time, Version,
    WorkloadId,
};

use super::hosted::{Hosted, State};
use super::hostings::Hosting;
use super::order::Order;
use crate::refused::Fault;
use crate::voice::{Speech, Voice};

impl Hosting {
    /// Something was bound, which the other keepers of its workload are to know of: those whom it was invited with and
    /// those by whose sheets they are.
    pub(crate) fn tell_keepers<C: Speech>(
        &mut self,
        now: Time,
        version: Version,
        by_sheets: impl IntoIterator<Item = AgentId>,
        voice: &mut Voice<C, Order>,
    ) {
        let Some(hosted) = self.hosted.get(&version) else {
            return;
        };
        let mut keepers: BTreeSet<AgentId> = hosted.keepers.iter().copied().collect();
        keepers.extend(by_sheets);
        for keeper in keepers {
            self.tell(now, version, keeper, voice);
        }
    }

    /// A keeper is to know of all that is bound by others of what it keeps.
    pub(crate) fn tell_of_all<C: Speech>(
        &mut self,
        now: Time,
        keeper: AgentId,
        keeps: impl Fn(&WorkloadId) -> bool,
        voice: &mut Voice<C, Order>,
    ) {
        let bound = self.hosted.iter().filter(|(_, its)| its.is_bound());
        let theirs = bound.filter(|(_, its)| keeps(&its.host.workload));
        let theirs: Vec<Version> = theirs.map(|(version, _)| *version).collect();
        for version in theirs {
            self.tell(now, version, keeper, voice);
        }
    }

    /// A keeper keeps no more what is hosted by these offers: others do. It is told of none of it any more, after a start
    /// neither. Of what it keeps by a later promise than what it says, `kept_since`, that was true before.
    pub(crate) fn handle_handover<C: Speech>(
        &mut self,
        from: AgentId,
        handover: &Handover,
        kept_since: impl Fn(&WorkloadId) -> Option<Version>,
        voice: &mut Voice<C, Order>,
    ) -> Result<(), Fault> {
        let mut is_any = false;
        for version in handover.offers.iter() {
            let Some(hosted) = self.hosted.get(version) else {
                continue;
            };
            let is_past = kept_since(&hosted.host.workload) > Some(handover.version);
            if is_past || !hosted.is_bound() || !self.is_kept_by(hosted, from) {
                continue;
            }
            is_any = true;
            if let Some(hosted) = self.hosted.get_mut(version)
                && hosted.host.promisee == from
            {
                hosted.is_handed_over = true;
                voice.keep_keepers(hosted.offer.id(), hosted.keepers.clone(), true);
            }
            for sets in [&mut self.by_promisee, &mut self.told] {
                if let Some(versions) = sets.get_mut(&from) {
                    versions.remove(version);
                }
            }
        }
        self.by_promisee.retain(|_, its| !its.is_empty());
        self.told.retain(|_, its| !its.is_empty());
        is_any.then_some(()).ok_or(Fault::Gone)
    }

    /// Renews one hosting more to a keeper, which asks after what it does not know. One that is told of [`RENEWED_MAX`] is
    /// told of no more: the keeper that bound it goes on knowing of it.
    fn tell<C: Speech>(
        &mut self,
        now: Time,
        version: Version,
        keeper: AgentId,
        voice: &mut Voice<C, Order>,
    ) {
        let Some(hosted) = self.hosted.get_mut(&version) else {
            return;
        };
        if !hosted.is_bound() {
            return;
        }
        if hosted.host.promisee == keeper {
            // It keeps the workload again.
            let theirs = self.by_promisee.entry(keeper).or_default();
            if hosted.is_handed_over && theirs.len() < RENEWED_MAX {
                hosted.is_handed_over = false;
                voice.keep_keepers(hosted.offer.id(), hosted.keepers.clone(), false);
                theirs.insert(version);
                self.answers.owe(now, keeper);
            }
            return;
        }
        let told = self.told.entry(keeper).or_default();
        if told.len() < RENEWED_MAX && told.insert(version) {
            self.answers.owe(now, keeper);
        }
    }

    /// A keeper does not know of hostings that were renewed to it.
    pub(crate) fn handle_inquiry<C: Speech>(
        &mut self,
        from: AgentId,
        inquiry: &Inquiry,
        voice: &mut Voice<C, Order>,
    ) -> Result<(), Fault> {
        if !self.is_of_this_life(from, inquiry.epoch) {
            return Err(Fault::Stale);
        }
        let mut is_any = false;
        for version in inquiry.offers.iter() {
            if let Some(hosted) = self.hosted.get(version)
                && self.is_kept_by(hosted, from)
            {
                say_bound(hosted, from, inquiry, voice);
                is_any = true;
            }
        }
        is_any.then_some(()).ok_or(Fault::NotForMe)
    }

    /// Whether somebody has not spoken in a later life of its own yet.
    pub(super) fn is_of_this_life(&mut self, agent: AgentId, epoch: BootEpoch) -> bool {
        let last = self.lives.entry(agent).or_insert(epoch);
        *last = epoch.max(*last);
        *last == epoch
    }

    /// Forgets in which life an agent has spoken, which is gone for long.
    pub(crate) fn forget(&mut self, agent: &AgentId) {
        self.lives.remove(agent);
    }

    /// What a keeper was told of.
    pub(super) fn told_to(&self, keeper: &AgentId) -> Offers {
        let told = self.told.get(keeper).into_iter().flatten();
        Offers::new(told.copied()).expect("no more than that is ever told")
    }

    /// Nobody needs to know of it any more. Says who did.
    pub(super) fn forget_told(&mut self, version: Version) -> Vec<AgentId> {
        let mut knew = Vec::new();
        self.told.retain(|keeper, told| {
            if told.remove(&version) {
                knew.push(*keeper);
            }
            !told.is_empty()
        });
        knew
    }

    /// All who go by what it hosts.
    pub(super) fn audience(&self) -> BTreeSet<AgentId> {
        let keepers = self.by_promisee.keys().chain(self.told.keys());
        keepers.copied().collect()
    }

    /// What is offered or bound to a keeper, and what it was told of.
    pub(super) fn audible_to(&self, keeper: &AgentId) -> impl Iterator<Item = &Hosted> {
        let sets = [self.by_promisee.get(keeper), self.told.get(keeper)];
        let versions = sets.into_iter().flatten().flatten();
        versions.filter_map(|version| self.hosted.get(version))
    }

    /// Whom a hosting was offered to, and who was told of it.
    pub(super) fn keepers_of(&self, version: Version) -> Vec<AgentId> {
        let Some(hosted) = self.hosted.get(&version) else {
            return Vec::new();
        };
        let told = self.told.iter();
        let told = told.filter(|(_, versions)| versions.contains(&version));
        let told = told.map(|(keeper, _)| *keeper);
        let promisee = Some(hosted.host.promisee).filter(|_| !hosted.is_handed_over);
        promisee.into_iter().chain(told).collect()
    }

    /// Whether a hosting was offered to this keeper, or it was told of it.
    pub(super) fn is_kept_by(&self, hosted: &Hosted, keeper: AgentId) -> bool {
        let told = self.told.get(&keeper);
        (hosted.host.promisee == keeper && !hosted.is_handed_over)
            || told.is_some_and(|its| its.contains(&hosted.offer.version()))
    }
}

/// Says both halves of a hosting that is bound, in answer to an inquiry.
fn say_bound<C: Speech>(
    hosted: &Hosted,
    to: AgentId,
    inquiry: &Inquiry,
    voice: &mut Voice<C, Order>,
) {
    if let State::Bound { acceptance, .. } = &hosted.state {
        let bound = Bound {
            asked_in: inquiry.epoch,
            answers: inquiry.number,
            offer: hosted.offer.signed().clone(),
            acceptance: acceptance.signed().clone(),
        };
        voice.say(to, Frame::Bound(Box::new(bound)));
    }
}

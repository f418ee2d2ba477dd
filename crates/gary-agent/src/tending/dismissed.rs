//! Offers that a keeper has dismissed.

use std::collections::BTreeSet;

use gary_promise::{AgentId, BoundedSet, Dismissal, Frame, INVITED_SLOTS_MAX, Version};

use crate::hosting::Order;
use crate::voice::{Speech, Voice};

/// The most dismissed offers that are remembered for a workload; then it begins anew. An offer that was
/// dismissed and is told again is dismissed again: the first word may still be under way, and would end what
/// was bound in the meantime.
pub const DISMISSED_MAX: usize = 4096;

/// Offers that a keeper has dismissed for a workload, made to it or bound by another.
#[derive(Debug, Default)]
pub(super) struct Dismissed(BTreeSet<(AgentId, Version)>);

impl Dismissed {
    /// One more is dismissed. Says whether it was not before.
    pub(super) fn add(&mut self, host: AgentId, offer: Version) -> bool {
        if self.0.len() >= DISMISSED_MAX {
            self.0.clear();
        }
        self.0.insert((host, offer))
    }

    pub(super) fn has(&self, host: AgentId, offer: Version) -> bool {
        self.0.contains(&(host, offer))
    }
}

/// Says that offers will not be accepted, or are not needed any more.
pub(crate) fn dismiss<C: Speech>(
    voice: &mut Voice<C, Order>,
    to: AgentId,
    offers: impl IntoIterator<Item = Version>,
) {
    let offers: Vec<Version> = offers.into_iter().collect();
    for some in offers.chunks(INVITED_SLOTS_MAX) {
        let offers = BoundedSet::new(some.iter().copied()).expect("a chunk is no longer");
        let epoch = voice.promiser().epoch();
        voice.say(to, Frame::Dismissal(Dismissal { epoch, offers }));
    }
}

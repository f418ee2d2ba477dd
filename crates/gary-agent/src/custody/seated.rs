//! With whom this agent keeps what is exclusive, and since when.

use gary_promise::{Time, Valency, WorkloadId};

use super::machine::Custody;
use super::named::Named;
use crate::exclusive::{Seat, Terms};
use crate::register::Votes;

impl Named {
    /// Whoever keeps it may have changed.
    pub(super) fn note_seat(&mut self, now: Time) {
        let Some(keepers) = self.register.votes().map(Votes::configuration) else {
            return;
        };
        match &mut self.seat {
            Some(seat) => seat.move_to(keepers, now, &Terms::OURS),
            None => self.seat = Some(Seat::new(keepers.clone(), now, &Terms::OURS)),
        }
    }
}

impl Custody {
    /// With whom this agent keeps an exclusive workload, and whether it has voted for others to keep it; `None` where it
    /// knows of none that is to be hosted.
    pub(crate) fn seat(&self, workload: &WorkloadId) -> Option<(&Seat, bool)> {
        let (name, chosen) = self.held(workload)?;
        let intent = chosen.entrusted.content.intent();
        let wanted = intent.wanted();
        let is_live = intent.workload() == *workload && wanted.valency != Valency::NONE;
        let named = self
            .names
            .get(name)
            .filter(|_| is_live && wanted.exclusive)?;
        let votes = named.register.votes()?;
        let voted = votes.voted().map(|its| &its.entrusted.configuration);
        let has_voted = voted.is_some_and(|its| its != votes.configuration());
        Some((named.seat.as_ref()?, has_voted))
    }
}

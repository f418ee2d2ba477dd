//! What an agent promises to everyone of itself: what its machine has, and whom it looks at.

use std::sync::Arc;

use gary_promise::{AgentId, Body, Capacity, Reason, Time};

use super::machine::Dealings;
use super::setup::Publication;
use crate::voice::Speech;

impl<C: Speech> Dealings<C> {
    /// Says what its machine has and whom it looks at.
    pub(super) fn introduce(&mut self, now: Time, capacity: Arc<Capacity>) {
        self.candidates.set_up(self.voice.id(), true);
        self.begin_to_consider();
        self.show_capacity(now, capacity);
    }

    /// Promises to look at what its person has it look at.
    pub(super) fn begin_to_consider(&mut self) {
        let consider = self.consider.clone();
        self.candidates
            .set_considers(self.voice.id(), consider.clone());
        if let Some(consider) = consider {
            let made = self.voice.promise(Body::Consider(consider));
            self.considers_by = Some(made.clone());
            self.publications.push(Publication::Made(made));
        }
    }

    /// Takes back its promise to look at what others submit. Says whether it had made it.
    pub(super) fn cease_to_consider(&mut self) -> bool {
        let Some(promise) = self.considers_by.take() else {
            return false;
        };
        let withdrawal = self.voice.withdraw(&promise, Reason::Leaving);
        self.publications.push(Publication::Withdrawn(withdrawal));
        self.candidates.set_considers(self.voice.id(), None);
        true
    }

    fn show_capacity(&mut self, now: Time, capacity: Arc<Capacity>) {
        self.set_capacity(now, self.id(), Some(capacity));
        let made = self.capacity.clone();
        self.publications.push(Publication::Made(made));
    }

    /// What an agent's machine has. Where it is another than before, it may be asked again what it has refused.
    pub(super) fn set_capacity(
        &mut self,
        now: Time,
        agent: AgentId,
        capacity: Option<Arc<Capacity>>,
    ) {
        if self.candidates.set_capacity(agent, capacity) {
            let waking = self.waking(now);
            self.tending
                .handle_capacity(waking, &agent, &mut self.random);
        }
    }

    /// Promises another capacity from now on. What it does not cover is withdrawn.
    pub fn revise_capacity(&mut self, now: Time, capacity: Capacity) {
        self.wake(now);
        let shown = Arc::new(capacity.clone());
        let body = Body::Capacity(shown.clone());
        if *self.capacity.body() != body {
            self.capacity = self.voice.revise(&self.capacity, body);
            self.show_capacity(now, shown);
            self.hosting.revise(capacity, &mut self.voice);
        }
        self.settle(now);
    }
}

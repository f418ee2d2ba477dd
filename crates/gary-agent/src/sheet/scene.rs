//! An agent that is about to be sent a sheet.

use gary_promise::{
    AgentId, Body, BootEpoch, Fetch, Frame, Hint, Own, Promise, SheetPart, Time, Verifier, Version,
};

use super::{
    Sheets,
    cut::cut,
    testing::{Agent, Book, verifier},
};

/// An agent that knows the first sheet of an owner, and asks a relay for the second one.
pub(super) struct Scene {
    pub(super) owner: Agent,
    /// On the first sheet and not on the second.
    pub(super) gone: Own<Promise>,
    pub(super) relay: Agent,
    pub(super) sheets: Sheets,
    pub(super) verifier: Verifier,
    pub(super) now: Time,
}

impl Scene {
    pub(super) fn new() -> Self {
        let mut owner = Agent::started(1, 2);
        owner.promise(Body::Admit);
        let gone = owner.keep(1);
        owner.sign();

        let [asker, mut relay] = [2, 3].map(Agent::new);
        relay.promise(Body::Admit);
        let now = Time::from_us(0);
        let mut scene = Self {
            sheets: Sheets::new(asker.id(), 1, now),
            owner,
            gone,
            relay,
            verifier: verifier(),
            now,
        };
        scene.sheets.handle_up(now, scene.owner.id(), BootEpoch(0));
        scene.sheets.handle_up(now, scene.relay.id(), BootEpoch(0));
        scene.hint();
        let part = scene.answer(None);
        scene.give(part);
        let version = Some(scene.owner.head());
        assert_eq!(scene.sheets.version_of(scene.owner.id()), version);
        assert!(scene.sheets.poll_change().is_some());

        let gone = scene.gone.clone();
        scene.owner.withdraw(&gone);
        scene.owner.keep(2);
        scene.owner.sign();
        scene.hint();
        scene
    }

    /// The relay says that it has the owner's sheet, and is asked for it.
    pub(super) fn hint(&mut self) {
        let hint = Hint {
            agent: self.owner.id(),
            version: self.owner.head(),
        };
        let relay = self.relay.id();
        self.sheets.handle_hint(self.now, Some(relay), hint);
        let asked = self.frames();
        assert!(matches!(asked[..], [(to, Frame::Fetch(_))] if to == relay));
    }

    /// What an honest peer would say.
    pub(super) fn answer(&self, have: Option<Version>) -> SheetPart {
        let sheet = self.owner.sheet.sheet().expect("it is signed");
        cut(sheet, have).pop().expect("it has one part")
    }

    pub(super) fn honest(&self) -> SheetPart {
        self.answer(self.sheets.version_of(self.owner.id()))
    }

    pub(super) fn give(&mut self, part: SheetPart) {
        let from = self.relay.id();
        self.give_from(from, part);
    }

    pub(super) fn give_from(&mut self, from: AgentId, part: SheetPart) {
        self.sheets
            .handle_part(self.now, from, part, &mut self.verifier, &Book);
    }

    pub(super) fn frames(&mut self) -> Vec<(AgentId, Frame)> {
        std::iter::from_fn(|| self.sheets.poll_frame()).collect()
    }

    /// Whom it asks next, sweeps aside.
    pub(super) fn next_fetch(&mut self) -> Option<(AgentId, Fetch)> {
        for _ in 0..20 {
            self.now = self.sheets.fetches.timeout()?;
            self.sheets.handle_timeout(self.now);
            for (to, frame) in self.frames() {
                if let Frame::Fetch(fetch) = frame {
                    return Some((to, fetch));
                }
            }
        }
        panic!("it does not come to rest");
    }
}

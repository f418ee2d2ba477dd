//! What waits for the outside to take it.

use std::collections::{BTreeMap, VecDeque};

use gary_promise::{AgentId, Frame, Hint, Version};

use super::SheetChange;

/// The most frames that wait to be sent. More are dropped: every one of them is asked for again.
pub const FRAMES_MAX: usize = 1024;

/// The most changes that wait to be looked at. With as many, no other sheet is taken until they were:
/// no change is ever lost.
pub const EVENTS_MAX: usize = 1024;

/// What waits for the outside to take it.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    frames: VecDeque<(AgentId, Frame)>,
    /// The last one for each agent. There are no more agents than members.
    hints: BTreeMap<AgentId, Version>,
    changes: VecDeque<SheetChange>,
}

impl Outbox {
    pub(super) fn send(&mut self, to: AgentId, frame: Frame) {
        if self.frames.len() < FRAMES_MAX {
            self.frames.push_back((to, frame));
        }
    }

    pub(super) fn hint(&mut self, agent: AgentId, version: Version) {
        self.hints.insert(agent, version);
    }

    pub(super) fn drop_hint(&mut self, agent: AgentId) {
        self.hints.remove(&agent);
    }

    /// The caller has seen that there is room.
    pub(super) fn change(&mut self, change: SheetChange) {
        self.changes.push_back(change);
    }

    pub(super) fn has_room_for_change(&self) -> bool {
        self.changes.len() < EVENTS_MAX
    }

    pub(super) fn take_frame(&mut self) -> Option<(AgentId, Frame)> {
        self.frames.pop_front()
    }

    pub(super) fn take_hint(&mut self) -> Option<Hint> {
        let (agent, version) = self.hints.pop_first()?;
        Some(Hint { agent, version })
    }

    pub(super) fn take_change(&mut self) -> Option<SheetChange> {
        self.changes.pop_front()
    }
}

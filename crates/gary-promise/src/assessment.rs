//! One observer's judgement of one promise.

use crate::{AgentId, Judgement, PromiseId, Time};

/// One observer's judgement of one promise, at one moment by its own clock.
///
/// Two observers may judge otherwise, and both stand. So assessments have no join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assessment {
    observer: AgentId,
    promise: PromiseId,
    judgement: Judgement,
    at: Time,
}

impl Assessment {
    pub(crate) const fn new(
        observer: AgentId,
        promise: PromiseId,
        judgement: Judgement,
        at: Time,
    ) -> Self {
        Self {
            observer,
            promise,
            judgement,
            at,
        }
    }

    /// A judgement that an observer has made before, as it remembers it: `me` is its own.
    pub const fn remembered(
        me: AgentId,
        promise: PromiseId,
        judgement: Judgement,
        at: Time,
    ) -> Self {
        Self::new(me, promise, judgement, at)
    }

    /// Who judges.
    pub const fn observer(&self) -> AgentId {
        self.observer
    }

    /// What is judged.
    pub const fn promise(&self) -> PromiseId {
        self.promise
    }

    /// Kept, broken or unknown, and by which evidence.
    pub const fn judgement(&self) -> Judgement {
        self.judgement
    }

    /// When it was judged.
    pub const fn at(&self) -> Time {
        self.at
    }
}

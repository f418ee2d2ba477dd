//! What was sent, counted.

use super::kind::{Kind, Layer};

/// How many messages, and bytes in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Messages.
    pub messages: u64,
    /// Bytes, as they are packed: what QUIC and IP add is not among them.
    pub bytes: u64,
}

/// What was sent, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    by_kind: [Count; Kind::ALL.len()],
}

impl Traffic {
    pub(super) fn add(&mut self, kind: Kind, bytes: usize) {
        let count = &mut self.by_kind[kind as usize];
        count.messages += 1;
        count.bytes += bytes as u64;
    }

    /// Of this kind.
    pub const fn of(&self, kind: Kind) -> Count {
        self.by_kind[kind as usize]
    }

    /// Of all kinds that are for this.
    pub fn for_layer(&self, layer: Layer) -> Count {
        let kinds = Kind::ALL.into_iter().filter(|kind| kind.layer() == layer);
        kinds.fold(Count::default(), |sum, kind| sum.plus(self.of(kind)))
    }

    /// All of it.
    pub fn all(&self) -> Count {
        let counts = self.by_kind.into_iter();
        counts.fold(Count::default(), Count::plus)
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut sum = *self;
        for (count, its) in sum.by_kind.iter_mut().zip(other.by_kind) {
            *count = count.plus(its);
        }
        sum
    }

    /// What was sent since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut rest = *self;
        for (count, before) in rest.by_kind.iter_mut().zip(earlier.by_kind) {
            count.messages -= before.messages;
            count.bytes -= before.bytes;
        }
        rest
    }
}

impl Count {
    const fn plus(self, other: Self) -> Self {
        Self {
            messages: self.messages + other.messages,
            bytes: self.bytes + other.bytes,
        }
    }
}

//! How often a limit was reached.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something that is counted, since nobody is told of it one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Frames dropped because too many waited for their peer.
    FramesOverflowed,
    /// Frames dropped because their peer could not be reached, or the connection broke twice.
    FramesUndelivered,
    /// Datagrams dropped because too many waited for their peer, or it could not be reached.
    DatagramsUndelivered,
    /// Received datagrams dropped because the shell was behind.
    DatagramsOverflowed,
    /// Streams closed because of a frame that was too long.
    FramesTooLong,
    /// Peers that were not let in.
    Refused,
    /// Inbound connections refused because too many came at once, or all there may be were in use.
    TurnedAway,
    /// Connections closed to make room for others.
    Evicted,
}

impl Count {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::FramesOverflowed,
        Self::FramesUndelivered,
        Self::DatagramsUndelivered,
        Self::DatagramsOverflowed,
        Self::FramesTooLong,
        Self::Refused,
        Self::TurnedAway,
        Self::Evicted,
    ];

    /// What it is called where it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FramesOverflowed => "frames_overflowed",
            Self::FramesUndelivered => "frames_undelivered",
            Self::DatagramsUndelivered => "datagrams_undelivered",
            Self::DatagramsOverflowed => "datagrams_overflowed",
            Self::FramesTooLong => "frames_too_long",
            Self::Refused => "refused",
            Self::TurnedAway => "turned_away",
            Self::Evicted => "evicted",
        }
    }
}

/// All counts of a transport.
#[derive(Debug, Default)]
pub(crate) struct Counts([AtomicU64; Count::ALL.len()]);

impl Counts {
    pub(crate) fn add(&self, count: Count, more: u64) {
        self.0[count as usize].fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self, count: Count) -> u64 {
        self.0[count as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_by_itself() {
        let counts = Counts::default();
        for (more, count) in (1..).zip(Count::ALL) {
            counts.add(count, more);
        }
        for (counted, count) in (1..).zip(Count::ALL) {
            assert_eq!(counts.get(count), counted, "{count:?}");
        }
    }
}

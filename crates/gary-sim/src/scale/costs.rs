//! What things take in virtual time.

use std::time::Duration;

use super::kind::Kind;
use super::timings::Timings;

/// How long a processor takes for each kind of thing that an agent takes in. One at a time: an agent is one
/// thread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handling {
    by_kind: [Duration; Kind::ALL.len()],
}

impl Handling {
    /// As it was measured: the mean, so that the sum is what it would be. What was never measured takes nothing.
    pub fn measured(timings: &Timings) -> Self {
        Self {
            by_kind: Kind::ALL.map(|kind| timings.mean(kind)),
        }
    }

    /// For this kind.
    pub const fn of(&self, kind: Kind) -> Duration {
        self.by_kind[kind as usize]
    }
}

/// What things take in virtual time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Costs {
    /// How long everything is on its way.
    pub latency: Duration,
    /// How many bytes a machine's link carries in a second, each way.
    pub bytes_per_second: u64,
    /// How long a disk takes for a sync. What is written meanwhile shares the next one.
    pub sync: Duration,
    /// How long a component takes to start. A machine starts one after the other.
    pub start: Duration,
    /// What a processor takes.
    pub handling: Handling,
}

impl Costs {
    /// A local network, disks of some quality, and components that are not small: 0.2 ms, 100 Mbit/s, 5 ms for
    /// a sync, 50 ms for a start.
    pub const fn usual(handling: Handling) -> Self {
        Self {
            latency: Duration::from_micros(200),
            bytes_per_second: 100_000_000 / 8,
            sync: Duration::from_millis(5),
            start: Duration::from_millis(50),
            handling,
        }
    }

    /// How long so many bytes take through a link, in whole microseconds: virtual time has no less.
    pub(super) const fn transfer(&self, bytes: usize) -> Duration {
        Duration::from_micros((bytes as u64 * 1_000_000).div_ceil(self.bytes_per_second))
    }

    /// How long a processor takes, in whole microseconds.
    pub(super) const fn handle(&self, kind: Kind) -> Duration {
        let took_ns = self.handling.of(kind).as_nanos() as u64;
        Duration::from_micros(took_ns.div_ceil(1000))
    }
}

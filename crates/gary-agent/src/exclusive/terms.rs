//! How long a tenure lasts, and by how much clocks may be wrong about it.

use std::time::Duration;

/// How long a tenure lasts without being granted anew: as long as a hosting stands without being renewed.
pub const TENURE_LASTS: Duration = Duration::from_secs(10);

/// By how much two clocks may differ from true time, in millionths: ten times what cheap hardware does. They count the
/// time that a machine is suspended.
pub const CLOCK_DRIFT_PPM_MAX: u32 = 1_000;

/// How long a host may take to stop what runs once its time is up: it looks whether it is at every tick of its epoch, and
/// at every call that a guest makes of it.
pub const STOPS_WITHIN: Duration = Duration::from_millis(50);

/// How long a tenure lasts, for each side by its own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Terms {
    /// How long it lasts in true time.
    pub lasts: Duration,
    /// By how much a clock may differ from that, in millionths.
    pub drift_ppm: u32,
    /// How long a host may take to stop.
    pub stops_within: Duration,
}

const MILLION: u128 = 1_000_000;

impl Terms {
    /// Those that every agent goes by.
    pub const OURS: Self = Self {
        lasts: TENURE_LASTS,
        drift_ppm: CLOCK_DRIFT_PPM_MAX,
        stops_within: STOPS_WITHIN,
    };

    /// How long a holder may run, by its own clock, from when it asked: not longer than it lasts, though that clock be
    /// slow, and so much less that it has stopped by then.
    pub fn for_holder(&self) -> Duration {
        let parts = MILLION.saturating_sub(self.drift_ppm.into());
        let span = self.lasts.as_micros() * parts / MILLION;
        micros(span).saturating_sub(self.stops_within)
    }

    /// How long a keeper grants it to nobody else, by its own clock, from when it granted it: not less than it lasts, though
    /// that clock be fast.
    pub fn for_keeper(&self) -> Duration {
        let parts = MILLION + u128::from(self.drift_ppm);
        micros((self.lasts.as_micros() * parts).div_ceil(MILLION))
    }
}

fn micros(span: u128) -> Duration {
    Duration::from_micros(u64::try_from(span).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_ends_before_a_keeper_lets_anybody_else_begin() {
        let ours = Terms::OURS;
        assert_eq!(ours.for_holder(), Duration::from_millis(9_990 - 50));
        assert_eq!(ours.for_keeper(), Duration::from_millis(10_010));
        let coarse = Terms {
            lasts: Duration::from_micros(7),
            drift_ppm: 300_000,
            stops_within: Duration::ZERO,
        };
        assert_eq!(coarse.for_holder(), Duration::from_micros(4));
        assert_eq!(coarse.for_keeper(), Duration::from_micros(10));
    }
}

//! Coming back from being taken for dead.

use std::time::Duration;

use gary_promise::Time;

use super::Settings;

/// When an agent that is taken for dead may say that it is not.
///
/// At once, the first time. Each time after that it waits twice as long, so that two sides that go on
/// contradicting each other do not do it as fast as packets travel.
#[derive(Debug, Default)]
pub(super) struct Rejoin {
    last: Option<(Time, Duration)>,
}

impl Rejoin {
    /// When it may come back, being taken for dead now. The caller does so then.
    pub(super) fn allowed(&mut self, now: Time, settings: &Settings) -> Time {
        let calm = settings.rejoin_wait(Some(Duration::MAX));
        let (at, wait) = match self.last {
            Some((last, wait)) if now.since(last) < calm => {
                (last.after(wait).max(now), settings.rejoin_wait(Some(wait)))
            }
            _ => (now, settings.rejoin_wait(None)),
        };
        self.last = Some((at, wait));
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_at_once_then_later_and_later() {
        let settings = Settings::lan();
        let mut rejoin = Rejoin::default();
        let mut now = Time::from_us(0);
        let mut waited = Vec::new();
        for _ in 0..12 {
            let at = rejoin.allowed(now, &settings);
            waited.push(at.since(now));
            now = at;
        }
        assert_eq!(waited[0], Duration::ZERO);
        assert!(waited.is_sorted());
        assert_eq!(
            waited[11],
            Duration::from_millis(settings.rejoin_wait_ms_max.into())
        );
        let calm = now.after(Duration::from_secs(3600));
        assert_eq!(rejoin.allowed(calm, &settings), calm);
    }
}

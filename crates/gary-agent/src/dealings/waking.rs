//! The time that an agent was awake.

use std::time::Duration;

use gary_promise::Time;

/// An agent that is called so much later than it asked to be was asleep meanwhile: paused, or on a machine that
/// was.
pub const ASLEEP_MIN: Duration = Duration::from_millis(500);

/// A clock that stands still while its agent sleeps. What others said meanwhile waits to be heard, so nobody is
/// judged by a silence that the judge slept through. (The idea: Dadgar, Phillips and Currey, "Lifeguard", 2018.)
#[derive(Debug, Default)]
pub(super) struct Waking {
    slept: Duration,
    /// When the agent was called last: what was due before then is no sleep of now.
    called_at: Option<Time>,
}

impl Waking {
    /// The agent is called now, and had asked to be at `due_at`.
    pub(super) fn wake(&mut self, now: Time, due_at: Option<Time>) {
        let called_at = self.called_at.replace(now).unwrap_or(now);
        let late = due_at.map_or(Duration::ZERO, |due_at| now.since(due_at.max(called_at)));
        if late >= ASLEEP_MIN {
            self.slept += late;
        }
    }

    /// What it shows.
    pub(super) fn read(&self, now: Time) -> Time {
        let slept_us = u64::try_from(self.slept.as_micros()).unwrap_or(u64::MAX);
        Time::from_us(now.as_us().saturating_sub(slept_us))
    }

    /// When it shows as much, if the agent stays awake.
    pub(super) fn when(&self, shown: Time) -> Time {
        shown.after(self.slept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_us(ms * 1000)
    }

    #[test]
    fn stands_still_for_as_long_as_its_agent_is_late() {
        let mut waking = Waking::default();
        waking.wake(at(900), Some(at(900)));
        waking.wake(at(1_000), Some(at(900)));
        assert_eq!(waking.read(at(1_000)), at(1_000));
        waking.wake(at(13_000), Some(at(2_000)));
        assert_eq!(waking.read(at(13_000)), at(2_000));
        assert_eq!(waking.when(at(2_500)), at(13_500));
        // What is still due was slept through once.
        waking.wake(at(13_100), Some(at(2_000)));
        assert_eq!(waking.read(at(13_100)), at(2_100));
    }
}

//! How patient, how chatty.

use std::{
    num::{NonZeroU8, NonZeroUsize},
    time::Duration,
};

use foca::{Config, PeriodicParams};

use gary_promise::PACKET_BYTES_MAX;

/// How patient and how chatty an agent is with its fellow members.
///
/// A zero is taken for one where nothing would ever happen otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How often a member is asked whether it is there. One that has not answered by the next time is
    /// suspected.
    pub probe_period_ms: u32,
    /// How long a member has to answer before others are asked about it. Less than `probe_period_ms`.
    pub probe_rtt_ms: u32,
    /// How many others are then asked.
    pub indirect_probes: u8,
    /// How long a suspect has to say otherwise, if this agent has not been late itself.
    pub suspicion_ms: u32,
    /// How long it has at most.
    pub suspicion_ms_max: u32,
    /// How much longer a suspect has for this agent's own lateness of late, in percent of it.
    pub suspicion_lag_percent: u32,
    /// How fast lateness is forgotten, in percent of the time that passes.
    pub lag_fade_percent: u32,
    /// How often a suspect is told, until it answers.
    pub remind_period_ms: u32,
    /// From how much lateness on this agent puts everything off once, so that it first reads what has
    /// come meanwhile.
    pub late_ms_min: u32,
    /// How long it has to read it.
    pub catch_up_ms: u32,
    /// How often news is passed on, while there is any.
    pub gossip_period_ms: u32,
    /// To how many members.
    pub gossip_fanout: u8,
    /// How often each piece of news is passed on.
    pub transmissions: u8,
    /// How often a member is asked for the members that it knows.
    pub announce_period_ms: u32,
    /// How many members are asked.
    pub announce_fanout: u8,
    /// How often a member that is taken for dead is called, which is how partitions heal.
    pub call_down_period_ms: u32,
    /// How many of them are called.
    pub call_down_fanout: u8,
    /// How often those that may know a cluster are asked, as long as no member is known.
    pub join_retry_ms: u32,
    /// How many are asked each time.
    pub join_fanout: u8,
    /// How long after coming back from being taken for dead an agent waits before it comes back again.
    /// It doubles each time.
    pub rejoin_wait_ms_min: u32,
    /// How long it waits at most.
    pub rejoin_wait_ms_max: u32,
    /// How often an agent that leaves says so at once, each time to `indirect_probes` members.
    pub leave_rounds: u8,
    /// How long a member that is taken for dead is remembered.
    pub forget_down_ms: u32,
    /// The most agents that are known, there or not. What is said of any more is not used.
    pub members_max: u32,
}

impl Settings {
    /// For machines a few milliseconds apart.
    ///
    /// Every agent outlives a pause of `probe_period_ms + suspicion_ms`, 850 ms, if nothing is lost.
    ///
    /// Measured at 100 agents that each stall for 500 ms about once a minute, by `cargo run -p gary-sim
    /// --example membership --release -- lan 15 300 1` and `2`: at 5 % loss a death is known to the first other
    /// agent after 1.06 s on average and to all after 1.42 s at most, and in 3,000 agent-hours no living one was
    /// taken for dead, which puts the rate below 1 in 1,000 agent-hours at 95 % confidence. At 20 % loss it is
    /// 1.04 s and 1.60 s, and none in 300 agent-hours. docs/benchmarks.md has all of it.
    pub const fn lan() -> Self {
        Self {
            probe_period_ms: 200,
            probe_rtt_ms: 70,
            indirect_probes: 3,
            suspicion_ms: 650,
            suspicion_ms_max: 3000,
            suspicion_lag_percent: 100,
            lag_fade_percent: 10,
            remind_period_ms: 70,
            late_ms_min: 60,
            catch_up_ms: 20,
            gossip_period_ms: 100,
            gossip_fanout: 3,
            transmissions: 12,
            announce_period_ms: 2000,
            announce_fanout: 1,
            call_down_period_ms: 2000,
            call_down_fanout: 1,
            join_retry_ms: 500,
            join_fanout: 3,
            rejoin_wait_ms_min: 500,
            rejoin_wait_ms_max: 30_000,
            leave_rounds: 3,
            forget_down_ms: 24 * 60 * 60 * 1000,
            members_max: 10_000,
        }
    }

    /// For machines up to 300 ms apart, over lines that lose more.
    pub const fn wan() -> Self {
        Self {
            probe_period_ms: 1500,
            probe_rtt_ms: 500,
            suspicion_ms: 4000,
            suspicion_ms_max: 12_000,
            remind_period_ms: 500,
            late_ms_min: 200,
            catch_up_ms: 100,
            gossip_period_ms: 400,
            gossip_fanout: 4,
            announce_period_ms: 5000,
            call_down_period_ms: 5000,
            join_retry_ms: 2000,
            rejoin_wait_ms_min: 2000,
            rejoin_wait_ms_max: 60_000,
            ..Self::lan()
        }
    }

    /// How long a suspect has, for an agent that has lately been this late.
    pub(super) fn suspicion(&self, lag: Duration) -> Duration {
        let more = lag.saturating_mul(self.suspicion_lag_percent) / 100;
        let max = ms(self.suspicion_ms_max).max(ms(self.suspicion_ms));
        ms(self.suspicion_ms).saturating_add(more).min(max)
    }

    /// How long after `waited` an agent that came back waits the next time.
    pub(super) fn rejoin_wait(&self, waited: Option<Duration>) -> Duration {
        waited
            .map_or(ms(self.rejoin_wait_ms_min), |wait| wait.saturating_mul(2))
            .min(ms(self.rejoin_wait_ms_max))
    }

    /// The same for foca.
    pub(super) fn config(&self) -> Config {
        let probe_rtt = ms(self.probe_rtt_ms);
        let every = |period_ms, members| {
            Some(PeriodicParams {
                frequency: ms(period_ms),
                num_members: count(members),
            })
        };
        Config {
            // foca takes a probe whose answers had no time for a broken one.
            probe_period: ms(self.probe_period_ms).max(probe_rtt + Duration::from_millis(1)),
            probe_rtt,
            num_indirect_probes: count(self.indirect_probes),
            max_transmissions: NonZeroU8::new(self.transmissions).unwrap_or(NonZeroU8::MIN),
            suspect_to_down_after: self.suspicion(Duration::ZERO),
            remove_down_after: Some(ms(self.forget_down_ms)),
            max_packet_size: PACKET_BYTES,
            notify_down_members: true,
            periodic_announce: every(self.announce_period_ms, self.announce_fanout),
            periodic_announce_to_down_members: every(
                self.call_down_period_ms,
                self.call_down_fanout,
            ),
            periodic_gossip: every(self.gossip_period_ms, self.gossip_fanout),
        }
    }
}

const PACKET_BYTES: NonZeroUsize = match NonZeroUsize::new(PACKET_BYTES_MAX) {
    Some(bytes) => bytes,
    None => NonZeroUsize::MIN,
};

/// A time that passes: zero would be a loop.
pub(super) const fn ms(ms: u32) -> Duration {
    Duration::from_millis(if ms == 0 { 1 } else { ms as u64 })
}

fn count(members: u8) -> NonZeroUsize {
    NonZeroUsize::new(members.into()).unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suspicion_grows_with_lag_and_stops() {
        let settings = Settings::lan();
        assert_eq!(
            settings.suspicion(Duration::ZERO),
            ms(settings.suspicion_ms)
        );
        assert!(settings.suspicion(ms(500)) > settings.suspicion(ms(100)));
        assert_eq!(
            settings.suspicion(Duration::MAX),
            ms(settings.suspicion_ms_max)
        );
    }

    #[test]
    fn waits_longer_each_time_and_not_for_ever() {
        let settings = Settings::lan();
        let first = settings.rejoin_wait(None);
        let second = settings.rejoin_wait(Some(first));
        assert_eq!(second, first * 2);
        assert_eq!(
            settings.rejoin_wait(Some(Duration::MAX)),
            ms(settings.rejoin_wait_ms_max)
        );
    }
}

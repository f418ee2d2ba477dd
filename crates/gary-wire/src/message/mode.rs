//! How a workload runs: on and on, once to completion, or by schedule.

use gary_promise::{Mode as Meant, Retries, Tick};

use super::{NOTHING, Shaped, required};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Mode {
    #[prost(uint32, tag = "1")]
    retries: u32,
    #[prost(oneof = "Kind", tags = "8, 9")]
    kind: Option<Kind>,
}

#[derive(Clone, Copy, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(message, tag = "8")]
    Job(()),
    #[prost(message, tag = "9")]
    Schedule(Schedule),
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Schedule {
    #[prost(uint64, tag = "1")]
    period_ms: u64,
    #[prost(uint64, tag = "2")]
    phase_ms: u64,
    #[prost(uint64, tag = "3")]
    first: u64,
}

impl Shaped for Mode {
    const SHAPE: Shape = Shape {
        what: "mode",
        fields: &[
            Field::u32(1, "mode.retries"),
            Field::message(8, "mode.job", &NOTHING),
            Field::message(9, "mode.schedule", &Schedule::SHAPE),
        ],
    };
}

impl Shaped for Schedule {
    const SHAPE: Shape = Shape {
        what: "schedule",
        fields: &[
            Field::u64(1, "schedule.period_ms"),
            Field::u64(2, "schedule.phase_ms"),
            Field::u64(3, "schedule.first"),
        ],
    };
}

impl Mode {
    /// Nothing for what runs on and on.
    pub(super) fn of(mode: Meant) -> Option<Self> {
        let kind = match mode {
            Meant::Service => return None,
            Meant::Job(_) => Kind::Job(()),
            Meant::Schedule(schedule, _) => Kind::Schedule(Schedule {
                period_ms: schedule.period_ms(),
                phase_ms: schedule.phase_ms(),
                first: schedule.first().0,
            }),
        };
        Some(Self {
            retries: mode.retries().map_or(0, Retries::get),
            kind: Some(kind),
        })
    }

    /// What runs on and on where nothing was said.
    pub(super) fn read(mode: Option<Self>) -> Result<Meant, DecodeError> {
        let Some(mode) = mode else {
            return Ok(Meant::Service);
        };
        let retries = Retries::new(mode.retries);
        let retries = retries.map_err(DecodeError::illegal("mode.retries"))?;
        Ok(match required("mode.kind", mode.kind)? {
            Kind::Job(()) => Meant::Job(retries),
            Kind::Schedule(its) => {
                let schedule =
                    gary_promise::Schedule::new(its.period_ms, its.phase_ms, Tick(its.first));
                let schedule = schedule.map_err(DecodeError::illegal("mode.schedule"))?;
                Meant::Schedule(schedule, retries)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_runs_on_and_what_is_never_due_is_refused() {
        assert_eq!(Mode::read(None).ok(), Some(Meant::Service));
        assert_eq!(Mode::of(Meant::Service), None);
        let scheduled = |period_ms, retries| {
            let kind = Some(Kind::Schedule(Schedule {
                period_ms,
                phase_ms: 0,
                first: 0,
            }));
            Mode::read(Some(Mode { retries, kind }))
        };
        assert!(scheduled(1_000, 1).is_ok());
        for (mode, why) in [
            (scheduled(0, 1), "mode.schedule is not legal"),
            (scheduled(1_000, 101), "mode.retries is not legal"),
            (Mode::read(Some(Mode::default())), "mode.kind is missing"),
        ] {
            assert_eq!(mode.expect_err(why).to_string(), why);
        }
    }
}

//! A run to completion, and what has become of it.

use gary_promise::{Failure, Note, Outcome as Became, RunKey, Slot, Tick, WallTime};

use crate::{
    DecodeError,
    message::{NOTHING, PromiseRef, Shaped, Version, required, text, zero},
    shape::{Field, Shape},
};

/// The most bytes that a run takes in a list of them.
pub(crate) const RUN_BYTES_MAX: usize = 192 + Note::BYTES_MAX;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Run {
    #[prost(uint64, tag = "1")]
    tick: u64,
    #[prost(uint32, tag = "2")]
    slot: u32,
    #[prost(uint32, tag = "3")]
    attempt: u32,
    #[prost(uint32, tag = "4")]
    failures: u32,
    #[prost(message, optional, tag = "5")]
    by: Option<PromiseRef>,
    #[prost(message, optional, tag = "6")]
    asked: Option<Version>,
    /// Left out while it runs.
    #[prost(message, optional, tag = "7")]
    ended: Option<Completion>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Completion {
    /// Left out where no time was known.
    #[prost(uint64, optional, tag = "1")]
    at_ms: Option<u64>,
    /// Empty where nothing was said.
    #[prost(string, tag = "2")]
    note: String,
    #[prost(oneof = "Outcome", tags = "8, 9, 10")]
    outcome: Option<Outcome>,
}

#[derive(Clone, Copy, PartialEq, prost::Oneof)]
enum Outcome {
    #[prost(uint32, tag = "8")]
    Exited(u32),
    #[prost(uint32, tag = "9")]
    Failed(u32),
    #[prost(message, tag = "10")]
    Lost(()),
}

impl Shaped for Run {
    const SHAPE: Shape = Shape {
        what: "run",
        fields: &[
            Field::u64(1, "run.tick"),
            Field::u32(2, "run.slot"),
            Field::u32(3, "run.attempt"),
            Field::u32(4, "run.failures"),
            Field::message(5, "run.by", &PromiseRef::SHAPE),
            Field::message(6, "run.asked", &Version::SHAPE),
            Field::message(7, "run.ended", &Completion::SHAPE),
        ],
    };
}

impl Shaped for Completion {
    const SHAPE: Shape = Shape {
        what: "completion",
        fields: &[
            Field::u64(1, "completion.at_ms"),
            Field::bytes(2, "completion.note", Note::BYTES_MAX),
            Field::u32(8, "completion.exited"),
            Field::u32(9, "completion.failed"),
            Field::message(10, "completion.lost", &NOTHING),
        ],
    };
}

impl Run {
    pub(super) fn of((key, run): (&RunKey, &gary_promise::Run)) -> Self {
        Self {
            tick: key.tick.0,
            slot: key.slot.0,
            attempt: run.attempt,
            failures: run.failures,
            by: Some(run.by.offer.into()),
            asked: Some(run.by.asked.into()),
            ended: run.ended.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<Run> for (RunKey, gary_promise::Run) {
    type Error = DecodeError;

    fn try_from(run: Run) -> Result<Self, DecodeError> {
        if run.attempt == 0 {
            return Err(zero("run.attempt", u32::MAX.into()));
        }
        let key = RunKey {
            tick: Tick(run.tick),
            slot: Slot(run.slot),
        };
        let by = gary_promise::Runner {
            offer: required("run.by", run.by)?.try_into()?,
            asked: required("run.asked", run.asked)?.try_into()?,
        };
        let run = gary_promise::Run {
            attempt: run.attempt,
            failures: run.failures,
            by,
            ended: run.ended.map(TryInto::try_into).transpose()?,
        };
        Ok((key, run))
    }
}

impl From<&gary_promise::Completion> for Completion {
    fn from(completion: &gary_promise::Completion) -> Self {
        let note = completion.note.as_ref();
        Self {
            at_ms: completion.at.map(|at| at.0),
            note: note.map_or_else(String::new, ToString::to_string),
            outcome: Some(match completion.outcome {
                Became::Exited(status) => Outcome::Exited(status),
                Became::Failed(failure) => Outcome::Failed(failure.number()),
                Became::Lost => Outcome::Lost(()),
            }),
        }
    }
}

impl TryFrom<Completion> for gary_promise::Completion {
    type Error = DecodeError;

    fn try_from(completion: Completion) -> Result<Self, DecodeError> {
        let note = completion.note.as_str();
        Ok(Self {
            outcome: match required("completion.outcome", completion.outcome)? {
                Outcome::Exited(status) => Became::Exited(status),
                Outcome::Failed(number) => Became::Failed(Failure::of_number(number)),
                Outcome::Lost(()) => Became::Lost,
            },
            at: completion.at_ms.map(WallTime),
            note: match note {
                "" => None,
                note => Some(text("completion.note", note)?),
            },
        })
    }
}

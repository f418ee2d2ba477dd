//! All runs that the register of a name holds.

use gary_promise::{RUNS_MAX, RunKey};

use super::run::Run;
use crate::{
    DecodeError,
    message::Shaped,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Runs {
    #[prost(message, repeated, tag = "1")]
    runs: Vec<Run>,
    #[prost(uint64, tag = "2")]
    missed: u64,
    #[prost(uint64, tag = "3")]
    skipped: u64,
}

impl Shaped for Runs {
    const SHAPE: Shape = Shape {
        what: "runs",
        fields: &[
            Field::message(1, "runs.runs", &Run::SHAPE).times(RUNS_MAX),
            Field::u64(2, "runs.missed"),
            Field::u64(3, "runs.skipped"),
        ],
    };
}

impl Runs {
    /// Nothing where there are none.
    pub(super) fn of(runs: &gary_promise::Runs) -> Option<Self> {
        (!runs.is_empty()).then(|| Self {
            runs: runs.iter().map(Run::of).collect(),
            missed: runs.missed,
            skipped: runs.skipped,
        })
    }

    /// None where nothing was said.
    pub(super) fn read(runs: Option<Self>) -> Result<gary_promise::Runs, DecodeError> {
        let Some(runs) = runs else {
            return Ok(gary_promise::Runs::default());
        };
        let read = runs.runs.into_iter().map(TryInto::try_into);
        let read: Vec<(RunKey, gary_promise::Run)> = read.collect::<Result<_, DecodeError>>()?;
        let counts = (runs.missed, runs.skipped);
        gary_promise::Runs::new(read, counts).map_err(DecodeError::illegal("runs.runs"))
    }
}

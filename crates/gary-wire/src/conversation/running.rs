//! What the host of something that runs to completion and its keepers say to one another, as it is on the wire.

use gary_promise::{Generation, RunKey, RunWord, Slot, Tick, WorkloadId};

use super::run::{Completion, Run};
use crate::{
    DecodeError,
    message::{NOTHING, Shaped, Version, fixed, required, zero},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Running {
    #[prost(bytes = "vec", tag = "1")]
    workload: Vec<u8>,
    #[prost(uint64, tag = "2")]
    generation: u64,
    #[prost(message, optional, tag = "3")]
    offer: Option<Version>,
    #[prost(message, optional, tag = "4")]
    asked: Option<Version>,
    #[prost(uint64, tag = "5")]
    tick: u64,
    #[prost(uint32, tag = "6")]
    slot: u32,
    #[prost(oneof = "Word", tags = "8, 9, 10, 11")]
    word: Option<Word>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Word {
    #[prost(message, tag = "8")]
    Claims(()),
    #[prost(message, tag = "9")]
    Ends(Completion),
    #[prost(message, tag = "10")]
    Stands(Run),
    #[prost(message, tag = "11")]
    Kept(Kept),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Kept {
    /// Left out where nothing is kept of it any more.
    #[prost(message, optional, tag = "1")]
    run: Option<Run>,
}

impl Shaped for Running {
    const SHAPE: Shape = Shape {
        what: "running",
        fields: &[
            Field::bytes(1, "running.workload", 16),
            Field::u64(2, "running.generation"),
            Field::message(3, "running.offer", &Version::SHAPE),
            Field::message(4, "running.asked", &Version::SHAPE),
            Field::u64(5, "running.tick"),
            Field::u32(6, "running.slot"),
            Field::message(8, "running.claims", &NOTHING),
            Field::message(9, "running.ends", &Completion::SHAPE),
            Field::message(10, "running.stands", &Run::SHAPE),
            Field::message(11, "running.kept", &Kept::SHAPE),
        ],
    };
}

impl Shaped for Kept {
    const SHAPE: Shape = Shape {
        what: "kept",
        fields: &[Field::message(1, "kept.run", &Run::SHAPE)],
    };
}

impl From<&gary_promise::Running> for Running {
    fn from(running: &gary_promise::Running) -> Self {
        let key = &running.key;
        Self {
            workload: running.workload.as_bytes().to_vec(),
            generation: running.generation.get(),
            offer: Some(running.offer.into()),
            asked: Some(running.asked.into()),
            tick: key.tick.0,
            slot: key.slot.0,
            word: Some(match &running.word {
                RunWord::Claims => Word::Claims(()),
                RunWord::Ends(completion) => Word::Ends(completion.into()),
                RunWord::Stands(key, run) => Word::Stands(Run::of((key, run))),
                RunWord::Kept(run) => Word::Kept(Kept {
                    run: run.as_ref().map(|(key, run)| Run::of((key, run))),
                }),
            }),
        }
    }
}

impl TryFrom<Running> for gary_promise::Running {
    type Error = DecodeError;

    fn try_from(running: Running) -> Result<Self, DecodeError> {
        let generation = Generation::new(running.generation);
        let read =
            |run: Run| -> Result<(RunKey, gary_promise::Run), DecodeError> { run.try_into() };
        Ok(Self {
            workload: WorkloadId::from_bytes(fixed("running.workload", &running.workload)?),
            generation: generation.ok_or_else(|| zero("running.generation", u64::MAX))?,
            offer: required("running.offer", running.offer)?.try_into()?,
            asked: required("running.asked", running.asked)?.try_into()?,
            key: RunKey {
                tick: Tick(running.tick),
                slot: Slot(running.slot),
            },
            word: match required("running.word", running.word)? {
                Word::Claims(()) => RunWord::Claims,
                Word::Ends(completion) => RunWord::Ends(completion.try_into()?),
                Word::Stands(run) => {
                    let (key, run) = read(run)?;
                    RunWord::Stands(key, run)
                }
                Word::Kept(kept) => RunWord::Kept(kept.run.map(read).transpose()?),
            },
        })
    }
}

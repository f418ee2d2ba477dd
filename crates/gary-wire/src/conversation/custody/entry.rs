//! What the register of a name holds.

use gary_promise::{EARLIER_MAX, Earlier, PromiseId};

use crate::{
    DecodeError,
    conversation::runs::Runs,
    envelope::Signed,
    message::{PromiseRef, Shaped, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Entry {
    #[prost(message, optional, tag = "1")]
    intent: Option<Signed>,
    /// The latest last.
    #[prost(message, repeated, tag = "2")]
    earlier: Vec<PromiseRef>,
    /// Left out where nothing has been run to completion.
    #[prost(message, optional, tag = "3")]
    runs: Option<Runs>,
}

impl Shaped for Entry {
    const SHAPE: Shape = Shape {
        what: "entry",
        fields: &[
            Field::message(1, "entry.intent", &Signed::SHAPE),
            // With more of them, the first would be forgotten without a word, and two keepers would hold two things
            // of one vote.
            Field::message(2, "entry.earlier", &PromiseRef::SHAPE).times(EARLIER_MAX),
            Field::message(3, "entry.runs", &Runs::SHAPE),
        ],
    };
}

impl From<&gary_promise::Entry> for Entry {
    fn from(entry: &gary_promise::Entry) -> Self {
        let earlier = entry.earlier.iter().copied();
        Self {
            intent: Some((&entry.intent).into()),
            earlier: earlier.map(PromiseRef::from).collect(),
            runs: Runs::of(&entry.runs),
        }
    }
}

impl TryFrom<Entry> for gary_promise::Entry {
    type Error = DecodeError;

    fn try_from(entry: Entry) -> Result<Self, DecodeError> {
        let earlier = entry.earlier.into_iter().map(TryInto::try_into);
        let earlier: Vec<PromiseId> = earlier.collect::<Result<_, DecodeError>>()?;
        Ok(Self {
            intent: required("entry.intent", entry.intent)?.try_into()?,
            earlier: Earlier::new(earlier),
            runs: Runs::read(entry.runs)?,
        })
    }
}

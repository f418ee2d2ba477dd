//! What hosts of an exclusive workload and its keepers say to one another, as it is on the wire.

use gary_promise::{BootNonce, TenancyWord, WorkloadId};

use super::custody::{Configuration, Era, epoch};
use crate::{
    DecodeError,
    message::{NOTHING, Shaped, Version, fixed, required, zero},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Tenancy {
    #[prost(bytes = "vec", tag = "1")]
    workload: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    claim: Option<Claim>,
    #[prost(oneof = "Word", tags = "8, 9, 10, 11")]
    word: Option<Word>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Word {
    #[prost(message, tag = "8")]
    Asks(Version),
    #[prost(message, tag = "9")]
    Grants(Answer),
    #[prost(message, tag = "10")]
    Refuses(Answer),
    #[prost(message, tag = "11")]
    Releases(()),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Claim {
    #[prost(message, optional, tag = "1")]
    offer: Option<Version>,
    #[prost(fixed64, tag = "2")]
    start: u64,
    #[prost(message, optional, tag = "3")]
    epoch: Option<FencingEpoch>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct FencingEpoch {
    #[prost(uint64, tag = "1")]
    configuration: u64,
    #[prost(uint64, tag = "2")]
    number: u64,
    #[prost(message, optional, tag = "3")]
    era: Option<Era>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Answer {
    #[prost(message, optional, tag = "1")]
    asked: Option<Version>,
    #[prost(message, optional, tag = "2")]
    keepers: Option<Configuration>,
    /// Left out where nothing was granted yet, and by what is granted.
    #[prost(message, optional, tag = "3")]
    latest: Option<FencingEpoch>,
}

impl Shaped for Tenancy {
    const SHAPE: Shape = Shape {
        what: "tenancy",
        fields: &[
            Field::bytes(1, "tenancy.workload", 16),
            Field::message(2, "tenancy.claim", &Claim::SHAPE),
            Field::message(8, "tenancy.asks", &Version::SHAPE),
            Field::message(9, "tenancy.grants", &Answer::SHAPE),
            Field::message(10, "tenancy.refuses", &Answer::SHAPE),
            Field::message(11, "tenancy.releases", &NOTHING),
        ],
    };
}

impl Shaped for Claim {
    const SHAPE: Shape = Shape {
        what: "claim",
        fields: &[
            Field::message(1, "claim.offer", &Version::SHAPE),
            Field::fixed64(2, "claim.start"),
            Field::message(3, "claim.epoch", &FencingEpoch::SHAPE),
        ],
    };
}

impl Shaped for FencingEpoch {
    const SHAPE: Shape = Shape {
        what: "fencing epoch",
        fields: &[
            Field::u64(1, "fencing epoch.configuration"),
            Field::u64(2, "fencing epoch.number"),
            Field::message(3, "fencing epoch.era", &Era::SHAPE),
        ],
    };
}

impl Shaped for Answer {
    const SHAPE: Shape = Shape {
        what: "tenancy answer",
        fields: &[
            Field::message(1, "tenancy answer.asked", &Version::SHAPE),
            Field::message(2, "tenancy answer.keepers", &Configuration::SHAPE),
            Field::message(3, "tenancy answer.latest", &FencingEpoch::SHAPE),
        ],
    };
}

impl From<&gary_promise::Tenancy> for Tenancy {
    fn from(tenancy: &gary_promise::Tenancy) -> Self {
        Self {
            workload: tenancy.workload.as_bytes().to_vec(),
            claim: Some(tenancy.claim.into()),
            word: Some((&tenancy.word).into()),
        }
    }
}

impl TryFrom<Tenancy> for gary_promise::Tenancy {
    type Error = DecodeError;

    fn try_from(tenancy: Tenancy) -> Result<Self, DecodeError> {
        let workload = fixed("tenancy.workload", &tenancy.workload)?;
        Ok(Self {
            workload: WorkloadId::from_bytes(workload),
            claim: required("tenancy.claim", tenancy.claim)?.try_into()?,
            word: required("tenancy.word", tenancy.word)?.try_into()?,
        })
    }
}

impl From<&TenancyWord> for Word {
    fn from(word: &TenancyWord) -> Self {
        match word {
            TenancyWord::Asks(asked) => Self::Asks((*asked).into()),
            TenancyWord::Grants { asked, keepers } => Self::Grants(Answer {
                asked: Some((*asked).into()),
                keepers: Some(keepers.into()),
                latest: None,
            }),
            TenancyWord::Refuses {
                asked,
                latest,
                keepers,
            } => Self::Refuses(Answer {
                asked: Some((*asked).into()),
                keepers: Some(keepers.into()),
                latest: latest.map(Into::into),
            }),
            TenancyWord::Releases => Self::Releases(()),
        }
    }
}

impl TryFrom<Word> for TenancyWord {
    type Error = DecodeError;

    fn try_from(word: Word) -> Result<Self, DecodeError> {
        Ok(match word {
            Word::Asks(asked) => Self::Asks(asked.try_into()?),
            Word::Grants(answer) => Self::Grants {
                asked: required("tenancy answer.asked", answer.asked)?.try_into()?,
                keepers: required("tenancy answer.keepers", answer.keepers)?.try_into()?,
            },
            Word::Refuses(answer) => Self::Refuses {
                asked: required("tenancy answer.asked", answer.asked)?.try_into()?,
                keepers: required("tenancy answer.keepers", answer.keepers)?.try_into()?,
                latest: answer.latest.map(TryInto::try_into).transpose()?,
            },
            Word::Releases(()) => Self::Releases,
        })
    }
}

impl From<gary_promise::Claim> for Claim {
    fn from(claim: gary_promise::Claim) -> Self {
        Self {
            offer: Some(claim.offer.into()),
            start: claim.start.0,
            epoch: Some(claim.epoch.into()),
        }
    }
}

impl TryFrom<Claim> for gary_promise::Claim {
    type Error = DecodeError;

    fn try_from(claim: Claim) -> Result<Self, DecodeError> {
        Ok(Self {
            offer: required("claim.offer", claim.offer)?.try_into()?,
            start: BootNonce(claim.start),
            epoch: required("claim.epoch", claim.epoch)?.try_into()?,
        })
    }
}

impl From<gary_promise::FencingEpoch> for FencingEpoch {
    fn from(epoch: gary_promise::FencingEpoch) -> Self {
        Self {
            configuration: epoch.configuration().get(),
            number: epoch.number(),
            era: epoch.configuration().era().map(Era::from),
        }
    }
}

impl TryFrom<FencingEpoch> for gary_promise::FencingEpoch {
    type Error = DecodeError;

    fn try_from(its: FencingEpoch) -> Result<Self, DecodeError> {
        let configuration = epoch("fencing epoch.configuration", its.configuration, its.era)?;
        let read = Self::new(configuration, its.number);
        read.ok_or_else(|| zero("fencing epoch.number", u64::MAX))
    }
}

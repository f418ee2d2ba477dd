//! Ids and versions.

use gary_promise::{AgentId, BootEpoch, BoundedSet, PromiseId, Sequence};

use super::{Shaped, required};
use crate::{
    DecodeError,
    decode_error::{LengthError, NumberError},
    shape::{Field, Shape},
};

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Version {
    #[prost(uint64, tag = "1")]
    epoch: u64,
    #[prost(uint64, tag = "2")]
    sequence: u64,
}

impl Shaped for Version {
    const SHAPE: Shape = Shape {
        what: "version",
        fields: &[
            Field::u64(1, "version.epoch"),
            Field::u64(2, "version.sequence"),
        ],
    };
}

impl From<gary_promise::Version> for Version {
    fn from(version: gary_promise::Version) -> Self {
        Self {
            epoch: version.epoch.0,
            sequence: version.sequence.get(),
        }
    }
}

impl TryFrom<Version> for gary_promise::Version {
    type Error = DecodeError;

    fn try_from(version: Version) -> Result<Self, DecodeError> {
        let sequence = Sequence::new(version.sequence);
        Ok(Self {
            epoch: BootEpoch(version.epoch),
            sequence: sequence.ok_or_else(|| zero("version.sequence", u64::MAX))?,
        })
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PromiseRef {
    #[prost(bytes = "vec", tag = "1")]
    promiser: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    version: Option<Version>,
}

impl Shaped for PromiseRef {
    const SHAPE: Shape = Shape {
        what: "promise id",
        fields: &[
            Field::bytes(1, "promise id.promiser", 32),
            Field::message(2, "promise id.version", &Version::SHAPE),
        ],
    };
}

impl From<PromiseId> for PromiseRef {
    fn from(id: PromiseId) -> Self {
        Self {
            promiser: id.promiser.as_bytes().to_vec(),
            version: Some(id.version.into()),
        }
    }
}

impl TryFrom<PromiseRef> for PromiseId {
    type Error = DecodeError;

    fn try_from(id: PromiseRef) -> Result<Self, DecodeError> {
        let promiser = fixed("promise id.promiser", &id.promiser)?;
        Ok(Self {
            promiser: AgentId::from_bytes(promiser),
            version: required("promise id.version", id.version)?.try_into()?,
        })
    }
}

/// Versions as they are on the wire.
pub(crate) fn versions_of<const MAX: usize>(
    versions: &BoundedSet<gary_promise::Version, MAX>,
) -> Vec<Version> {
    versions.iter().map(|version| (*version).into()).collect()
}

/// Versions, not more than the set may hold.
pub(crate) fn versions<const MAX: usize>(
    field: &'static str,
    versions: Vec<Version>,
) -> Result<BoundedSet<gary_promise::Version, MAX>, DecodeError> {
    let versions = versions.into_iter().map(TryInto::try_into);
    let versions: Vec<_> = versions.collect::<Result<_, DecodeError>>()?;
    BoundedSet::new(versions).map_err(DecodeError::illegal(field))
}

/// Bytes of a fixed length. None at all are a field that is missing: no id is empty.
pub(crate) fn fixed<const LEN: usize>(
    field: &'static str,
    bytes: &[u8],
) -> Result<[u8; LEN], DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Missing { field });
    }
    bytes.try_into().map_err(|_| {
        DecodeError::illegal(field)(LengthError {
            bytes: bytes.len(),
            bytes_wanted: LEN,
        })
    })
}

/// A number that is counted from 1 is 0.
pub(crate) fn zero(field: &'static str, max: u64) -> DecodeError {
    DecodeError::illegal(field)(NumberError {
        number: 0,
        min: 1,
        max,
    })
}

//! Renewing hostings, for all of them at once.

use gary_promise::{IDLE_MAX, Notice, RENEWED_MAX};

use crate::{
    DecodeError,
    message::{Shaped, Version, required, versions, versions_of},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Renewal {
    #[prost(message, optional, tag = "1")]
    version: Option<Version>,
    #[prost(message, repeated, tag = "2")]
    offered: Vec<Version>,
    #[prost(message, repeated, tag = "3")]
    bound: Vec<Version>,
    #[prost(message, repeated, tag = "4")]
    by_others: Vec<Version>,
    #[prost(message, repeated, tag = "5")]
    idle: Vec<Version>,
    /// 0 where nothing ends.
    #[prost(uint32, tag = "6")]
    ends_within_ms: u32,
}

impl Shaped for Renewal {
    const SHAPE: Shape = Shape {
        what: "renewal",
        fields: &[
            Field::message(1, "renewal.version", &Version::SHAPE),
            Field::message(2, "renewal.offered", &Version::SHAPE).times(RENEWED_MAX),
            Field::message(3, "renewal.bound", &Version::SHAPE).times(RENEWED_MAX),
            Field::message(4, "renewal.by_others", &Version::SHAPE).times(RENEWED_MAX),
            Field::message(5, "renewal.idle", &Version::SHAPE).times(IDLE_MAX),
            Field::u32(6, "renewal.ends_within_ms"),
        ],
    };
}

impl From<&gary_promise::Renewal> for Renewal {
    fn from(renewal: &gary_promise::Renewal) -> Self {
        Self {
            version: Some(renewal.version.into()),
            offered: versions_of(&renewal.offered),
            bound: versions_of(&renewal.bound),
            by_others: versions_of(&renewal.by_others),
            idle: versions_of(&renewal.idle),
            ends_within_ms: renewal.ends_within.map_or(0, Notice::as_ms),
        }
    }
}

impl TryFrom<Renewal> for gary_promise::Renewal {
    type Error = DecodeError;

    fn try_from(renewal: Renewal) -> Result<Self, DecodeError> {
        let ends_within = match renewal.ends_within_ms {
            0 => None,
            ms => Some(Notice::from_ms(ms)),
        };
        let ends_within = ends_within.transpose();
        Ok(Self {
            version: required("renewal.version", renewal.version)?.try_into()?,
            offered: versions("renewal.offered", renewal.offered)?,
            bound: versions("renewal.bound", renewal.bound)?,
            by_others: versions("renewal.by_others", renewal.by_others)?,
            idle: versions("renewal.idle", renewal.idle)?,
            ends_within: ends_within.map_err(DecodeError::illegal("renewal.ends_within_ms"))?,
        })
    }
}

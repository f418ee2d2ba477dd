//! Which sheets are known.

use gary_promise::{AgentId, BoundedSet, LISTING_MAX};

use super::branch;
use crate::{
    DecodeError,
    message::{Shaped, Version, fixed, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Listing {
    #[prost(bytes = "vec", tag = "1")]
    branch: Vec<u8>,
    #[prost(message, repeated, tag = "2")]
    known: Vec<Known>,
    #[prost(bool, tag = "3")]
    asks: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Known {
    #[prost(bytes = "vec", tag = "1")]
    agent: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    version: Option<Version>,
}

impl Shaped for Listing {
    const SHAPE: Shape = Shape {
        what: "listing",
        fields: &[
            branch::field(1, "listing.branch"),
            Field::message(2, "listing.known", &Known::SHAPE).times(LISTING_MAX),
            Field::flag(3, "listing.asks"),
        ],
    };
}

impl Shaped for Known {
    const SHAPE: Shape = Shape {
        what: "known",
        fields: &[
            Field::bytes(1, "known.agent", 32),
            Field::message(2, "known.version", &Version::SHAPE),
        ],
    };
}

impl From<&gary_promise::Listing> for Listing {
    fn from(listing: &gary_promise::Listing) -> Self {
        let known = listing.known.iter().map(|(agent, version)| Known {
            agent: agent.as_bytes().to_vec(),
            version: Some((*version).into()),
        });
        Self {
            branch: listing.branch.digits().to_vec(),
            known: known.collect(),
            asks: listing.asks,
        }
    }
}

impl TryFrom<Listing> for gary_promise::Listing {
    type Error = DecodeError;

    fn try_from(listing: Listing) -> Result<Self, DecodeError> {
        let known = listing.known.into_iter().map(|known| {
            let agent = AgentId::from_bytes(fixed("known.agent", &known.agent)?);
            let version = required("known.version", known.version)?.try_into()?;
            Ok((agent, version))
        });
        let known: Vec<_> = known.collect::<Result<_, DecodeError>>()?;
        Ok(Self {
            branch: branch::branch("listing.branch", &listing.branch)?,
            known: BoundedSet::new(known).map_err(DecodeError::illegal("listing.known"))?,
            asks: listing.asks,
        })
    }
}

//! A promise.

use std::sync::Arc;

use gary_promise::{Body as Said, Condition, REQUIREMENTS_MAX};

use super::{
    Shaped, Version, accept::Accept, capacity::Capacity, consider::Consider, have::Have,
    host::Host, intent::Use, keep::Keep, required, requirement::Requirement, serve::Serve,
};
use crate::{
    DecodeError, WireVersion,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Promise {
    // 1 to 3 are the head that every record has.
    #[prost(uint32, tag = "1")]
    needs: u32,
    #[prost(message, optional, tag = "2")]
    version: Option<Version>,
    #[prost(message, optional, tag = "3")]
    revises: Option<Version>,
    #[prost(message, repeated, tag = "4")]
    requirements: Vec<Requirement>,
    #[prost(oneof = "Body", tags = "8, 9, 10, 11, 12, 13, 14, 15, 16")]
    body: Option<Body>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Body {
    #[prost(message, tag = "8")]
    Capacity(Capacity),
    #[prost(message, tag = "9")]
    Consider(Consider),
    #[prost(message, tag = "10")]
    Keep(Keep),
    #[prost(message, boxed, tag = "11")]
    Use(Box<Use>),
    #[prost(message, tag = "12")]
    Host(Host),
    #[prost(message, tag = "13")]
    Accept(Accept),
    #[prost(message, tag = "14")]
    Serve(Serve),
    #[prost(message, tag = "15")]
    Have(Have),
    #[prost(message, tag = "16")]
    Admit(Admit),
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Admit {}

impl Shaped for Promise {
    const SHAPE: Shape = Shape {
        what: "promise",
        fields: &[
            Field::u32(1, "promise.needs"),
            Field::message(2, "promise.version", &Version::SHAPE),
            Field::message(3, "promise.revises", &Version::SHAPE),
            Field::message(4, "promise.requirements", &Requirement::SHAPE).times(REQUIREMENTS_MAX),
            Field::message(8, "promise.capacity", &Capacity::SHAPE),
            Field::message(9, "promise.consider", &Consider::SHAPE),
            Field::message(10, "promise.keep", &Keep::SHAPE),
            Field::message(11, "promise.use", &Use::SHAPE),
            Field::message(12, "promise.host", &Host::SHAPE),
            Field::message(13, "promise.accept", &Accept::SHAPE),
            Field::message(14, "promise.serve", &Serve::SHAPE),
            Field::message(15, "promise.have", &Have::SHAPE),
            Field::message(16, "promise.admit", &Admit::SHAPE),
        ],
    };
}

impl Shaped for Admit {
    const SHAPE: Shape = Shape {
        what: "admit",
        fields: &[],
    };
}

impl From<&gary_promise::Promise> for Promise {
    fn from(promise: &gary_promise::Promise) -> Self {
        let requirements = promise.condition().requirements.iter();
        Self {
            needs: WireVersion::FIRST.get(),
            version: Some(promise.version().into()),
            revises: promise.revises().map(Version::from),
            requirements: requirements.map(Requirement::from).collect(),
            body: Some(Body::from(promise.body())),
        }
    }
}

impl TryFrom<Promise> for gary_promise::Promise {
    type Error = DecodeError;

    fn try_from(promise: Promise) -> Result<Self, DecodeError> {
        const REQUIREMENTS: &str = "promise.requirements";
        let version = required("promise.version", promise.version)?.try_into()?;
        let revises = promise.revises.map(TryInto::try_into).transpose()?;
        let requirements = promise.requirements.into_iter().map(TryInto::try_into);
        let requirements: Vec<_> = requirements.collect::<Result<_, DecodeError>>()?;
        let requirements = gary_promise::BoundedSet::new(requirements)
            .map_err(DecodeError::illegal(REQUIREMENTS))?;
        let body = required("promise.body", promise.body)?.try_into()?;
        Self::new(version, body, Condition { requirements }, revises)
            .map_err(DecodeError::illegal("promise.revises"))
    }
}

impl From<&Said> for Body {
    fn from(body: &Said) -> Self {
        match body {
            Said::Capacity(capacity) => Self::Capacity(capacity.as_ref().into()),
            Said::Consider(consider) => Self::Consider(consider.into()),
            Said::Keep(keep) => Self::Keep(keep.into()),
            Said::Use(intent) => Self::Use(Box::new(intent.as_ref().into())),
            Said::Host(host) => Self::Host(host.into()),
            Said::Accept(accept) => Self::Accept(accept.into()),
            Said::Serve(serve) => Self::Serve(serve.into()),
            Said::Have(have) => Self::Have(have.into()),
            Said::Admit => Self::Admit(Admit {}),
        }
    }
}

impl TryFrom<Body> for Said {
    type Error = DecodeError;

    fn try_from(body: Body) -> Result<Self, DecodeError> {
        Ok(match body {
            Body::Capacity(capacity) => Self::Capacity(Arc::new(capacity.try_into()?)),
            Body::Consider(consider) => Self::Consider(consider.try_into()?),
            Body::Keep(keep) => Self::Keep(keep.try_into()?),
            Body::Use(intent) => Self::Use(Box::new((*intent).try_into()?)),
            Body::Host(host) => Self::Host(host.try_into()?),
            Body::Accept(accept) => Self::Accept(accept.try_into()?),
            Body::Serve(serve) => Self::Serve(serve.try_into()?),
            Body::Have(have) => Self::Have(have.try_into()?),
            Body::Admit(_) => Self::Admit,
        })
    }
}

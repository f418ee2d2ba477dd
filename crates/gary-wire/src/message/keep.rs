//! `+keep`.

use gary_promise::{ROUTES_MAX, Route, WorkloadId, WorkloadName};

use super::{Shaped, fixed, text};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Keep {
    #[prost(bytes = "vec", tag = "1")]
    workload: Vec<u8>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, repeated, tag = "3")]
    routes: Vec<String>,
}

impl Shaped for Keep {
    const SHAPE: Shape = Shape {
        what: "keep",
        fields: &[
            Field::bytes(1, "keep.workload", 16),
            Field::bytes(2, "keep.name", WorkloadName::BYTES_MAX),
            Field::bytes(3, "keep.routes", Route::BYTES_MAX).times(ROUTES_MAX),
        ],
    };
}

impl From<&gary_promise::Keep> for Keep {
    fn from(keep: &gary_promise::Keep) -> Self {
        Self {
            workload: keep.workload.as_bytes().to_vec(),
            name: keep.name.to_string(),
            routes: text::texts(keep.routes.iter()),
        }
    }
}

impl TryFrom<Keep> for gary_promise::Keep {
    type Error = DecodeError;

    fn try_from(keep: Keep) -> Result<Self, DecodeError> {
        Ok(Self {
            workload: WorkloadId::from_bytes(fixed("keep.workload", &keep.workload)?),
            name: text::text("keep.name", &keep.name)?,
            routes: text::routes("keep.routes", &keep.routes)?,
        })
    }
}

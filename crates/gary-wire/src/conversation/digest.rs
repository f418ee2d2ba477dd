//! What is known of sheets, in brief.

use gary_promise::DIGEST_BRANCHES;

use super::branch;
use crate::{
    DecodeError,
    decode_error::LengthError,
    message::Shaped,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Digest {
    #[prost(bytes = "vec", tag = "1")]
    branch: Vec<u8>,
    /// One behind the other, as protobuf packs numbers of a fixed length.
    #[prost(fixed64, repeated, tag = "2")]
    hashes: Vec<u64>,
}

impl Shaped for Digest {
    const SHAPE: Shape = Shape {
        what: "digest",
        fields: &[
            branch::field(1, "digest.branch"),
            Field::bytes(2, "digest.hashes", 8 * DIGEST_BRANCHES),
        ],
    };
}

impl From<&gary_promise::Digest> for Digest {
    fn from(digest: &gary_promise::Digest) -> Self {
        Self {
            branch: digest.branch.digits().to_vec(),
            hashes: digest.hashes.to_vec(),
        }
    }
}

impl TryFrom<Digest> for gary_promise::Digest {
    type Error = DecodeError;

    fn try_from(digest: Digest) -> Result<Self, DecodeError> {
        let hashes = digest.hashes.try_into().map_err(|hashes: Vec<u64>| {
            DecodeError::illegal("digest.hashes")(LengthError {
                bytes: 8 * hashes.len(),
                bytes_wanted: 8 * DIGEST_BRANCHES,
            })
        });
        Ok(Self {
            branch: branch::branch("digest.branch", &digest.branch)?,
            hashes: hashes?,
        })
    }
}

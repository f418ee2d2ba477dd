//! A withdrawal.

use gary_promise::Reason;

use super::{Shaped, Version, required};
use crate::{
    DecodeError, WireVersion,
    shape::{Field, Shape},
};

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Withdrawal {
    // 1 to 3 are the head that every record has.
    #[prost(uint32, tag = "1")]
    needs: u32,
    #[prost(message, optional, tag = "2")]
    version: Option<Version>,
    #[prost(message, optional, tag = "3")]
    of: Option<Version>,
    #[prost(uint32, tag = "4")]
    reason: u32,
}

impl Shaped for Withdrawal {
    const SHAPE: Shape = Shape {
        what: "withdrawal",
        fields: &[
            Field::u32(1, "withdrawal.needs"),
            Field::message(2, "withdrawal.version", &Version::SHAPE),
            Field::message(3, "withdrawal.of", &Version::SHAPE),
            Field::u32(4, "withdrawal.reason"),
        ],
    };
}

impl From<&gary_promise::Withdrawal> for Withdrawal {
    fn from(withdrawal: &gary_promise::Withdrawal) -> Self {
        let reason = match withdrawal.reason() {
            Reason::Unstated => 0,
            Reason::Surplus => 1,
            Reason::Outdated => 2,
            Reason::Failing => 3,
            Reason::Leaving => 4,
            Reason::Revised => 5,
            Reason::Completed => 32,
        };
        Self {
            needs: WireVersion::FIRST.get(),
            version: Some(withdrawal.version().into()),
            of: Some(withdrawal.of().into()),
            reason,
        }
    }
}

impl TryFrom<Withdrawal> for gary_promise::Withdrawal {
    type Error = DecodeError;

    fn try_from(withdrawal: Withdrawal) -> Result<Self, DecodeError> {
        let reason = match withdrawal.reason {
            1 => Reason::Surplus,
            2 => Reason::Outdated,
            3 => Reason::Failing,
            4 => Reason::Leaving,
            5 => Reason::Revised,
            32 => Reason::Completed,
            // A withdrawal is final whatever the reason, so one that only a later release knows must
            // not keep it from being learned. The bytes that are passed on still have it.
            _ => Reason::Unstated,
        };
        let version = required("withdrawal.version", withdrawal.version)?.try_into()?;
        let of = required("withdrawal.of", withdrawal.of)?.try_into()?;
        Self::new(version, of, reason).map_err(DecodeError::illegal("withdrawal.of"))
    }
}

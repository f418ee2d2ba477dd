//! What ids begin with: one hexadecimal digit a byte.

use gary_promise::{Branch, DIGEST_DEPTH_MAX};

use crate::{DecodeError, decode_error::NumberError, shape::Field};

pub(super) const fn field(tag: u32, name: &'static str) -> Field {
    Field::bytes(tag, name, DIGEST_DEPTH_MAX)
}

pub(super) fn branch(field: &'static str, digits: &[u8]) -> Result<Branch, DecodeError> {
    if let Some(digit) = digits.iter().find(|digit| **digit > 15) {
        return Err(DecodeError::illegal(field)(NumberError {
            number: u64::from(*digit),
            min: 0,
            max: 15,
        }));
    }
    Branch::new(digits).map_err(DecodeError::illegal(field))
}

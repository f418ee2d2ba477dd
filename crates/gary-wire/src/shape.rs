//! What a message may hold, checked before any of it is decoded.

use std::ops::RangeInclusive;

use crate::{
    DecodeError,
    decode_error::NumberError,
    raw_field::{Value, take_field},
};

/// The tags of a choice: in a message that has one, each of these tags is a variant. The rest are
/// fields beside it, of which an unknown one may be skipped.
const CHOICE_TAGS: RangeInclusive<u64> = 8..=63;

/// The most fields of one message that this release knows.
const FIELDS_MAX: usize = 24;

/// What a message may hold.
///
/// A decoder allocates for what it reads, and a message of two bytes in a list becomes a struct of
/// dozens. So counts and lengths are checked first, on the bytes, without allocating. Shapes do not
/// contain themselves, which limits the depth, and what is unknown is skipped and never entered.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) what: &'static str,
    pub(crate) fields: &'static [Field],
}

/// One field of a message.
#[derive(Debug)]
pub(crate) struct Field {
    tag: u32,
    name: &'static str,
    count_max: usize,
    holds: Holds,
}

#[derive(Debug)]
enum Holds {
    Number { max: u64 },
    Fixed64,
    Bytes { bytes_max: usize },
    Message(&'static Shape),
}

impl Field {
    const fn new(tag: u32, name: &'static str, holds: Holds) -> Self {
        Self {
            tag,
            name,
            count_max: 1,
            holds,
        }
    }

    pub(crate) const fn flag(tag: u32, name: &'static str) -> Self {
        Self::number(tag, name, 1)
    }

    pub(crate) const fn u16(tag: u32, name: &'static str) -> Self {
        Self::number(tag, name, u16::MAX as u64)
    }

    pub(crate) const fn u32(tag: u32, name: &'static str) -> Self {
        Self::number(tag, name, u32::MAX as u64)
    }

    pub(crate) const fn u64(tag: u32, name: &'static str) -> Self {
        Self::number(tag, name, u64::MAX)
    }

    const fn number(tag: u32, name: &'static str, max: u64) -> Self {
        Self::new(tag, name, Holds::Number { max })
    }

    /// A number of eight bytes, which is shorter for one drawn at random.
    pub(crate) const fn fixed64(tag: u32, name: &'static str) -> Self {
        Self::new(tag, name, Holds::Fixed64)
    }

    /// Bytes, text, or numbers one behind the other.
    pub(crate) const fn bytes(tag: u32, name: &'static str, bytes_max: usize) -> Self {
        Self::new(tag, name, Holds::Bytes { bytes_max })
    }

    pub(crate) const fn message(tag: u32, name: &'static str, shape: &'static Shape) -> Self {
        Self::new(tag, name, Holds::Message(shape))
    }

    /// The same, up to `count_max` times.
    pub(crate) const fn times(mut self, count_max: usize) -> Self {
        self.count_max = count_max;
        self
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    fn is_variant(&self) -> bool {
        CHOICE_TAGS.contains(&u64::from(self.tag))
    }
}

impl Shape {
    /// Checks that `bytes` are a message of this shape, as far as can be seen from them.
    ///
    /// A field that stands twice is refused where protobuf takes the last: two readers must never see
    /// two things in what somebody signed.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, or that there is a variant which this release does not know.
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<(), DecodeError> {
        let malformed = DecodeError::Malformed { what: self.what };
        let mut rest = bytes;
        let mut counts = [0; FIELDS_MAX];
        let mut has_chosen = false;
        while !rest.is_empty() {
            let Some((tag, value)) = take_field(&mut rest) else {
                return Err(malformed);
            };
            let known = self.fields.iter().zip(&mut counts);
            let Some((field, count)) = known
                .into_iter()
                .find(|(field, _)| u64::from(field.tag) == tag)
            else {
                if self.has_choice() && CHOICE_TAGS.contains(&tag) {
                    return Err(DecodeError::Later { what: self.what });
                }
                continue;
            };
            *count += 1;
            let is_second_choice = field.is_variant() && has_chosen;
            if *count > field.count_max || is_second_choice {
                return Err(DecodeError::TooOften {
                    field: field.name,
                    count_max: field.count_max,
                });
            }
            has_chosen |= field.is_variant();
            field.check(value)?;
        }
        Ok(())
    }

    /// Whether every field of a message is one that the shape knows, inside too.
    #[cfg(test)]
    pub(crate) fn knows_all_of(&self, mut bytes: &[u8]) -> bool {
        while let Some((tag, value)) = take_field(&mut bytes) {
            let field = self.fields.iter().find(|its| u64::from(its.tag) == tag);
            let is_known = match (field.map(|its| &its.holds), value) {
                (Some(Holds::Message(shape)), Value::Bytes(inside)) => shape.knows_all_of(inside),
                (field, _) => field.is_some(),
            };
            if !is_known {
                return false;
            }
        }
        bytes.is_empty()
    }

    fn has_choice(&self) -> bool {
        self.fields.iter().any(Field::is_variant)
    }
}

impl Field {
    fn check(&self, value: Value<'_>) -> Result<(), DecodeError> {
        match (&self.holds, value) {
            (Holds::Number { max }, Value::Number(number)) if number <= *max => Ok(()),
            (Holds::Number { max }, Value::Number(number)) => Err(DecodeError::Illegal {
                field: self.name,
                flaw: NumberError {
                    number,
                    min: 0,
                    max: *max,
                }
                .into(),
            }),
            (Holds::Bytes { bytes_max }, Value::Bytes(bytes)) if bytes.len() > *bytes_max => {
                Err(DecodeError::FieldTooLong {
                    field: self.name,
                    bytes: bytes.len(),
                    bytes_max: *bytes_max,
                })
            }
            (Holds::Bytes { .. }, Value::Bytes(_)) | (Holds::Fixed64, Value::Fixed64) => Ok(()),
            (Holds::Message(shape), Value::Bytes(bytes)) => shape.check(bytes),
            _ => Err(DecodeError::Malformed { what: self.name }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static INNER: Shape = Shape {
        what: "inner",
        fields: &[Field::u32(1, "inner.a")],
    };

    static OUTER: Shape = Shape {
        what: "outer",
        fields: &[
            Field::u64(1, "outer.a"),
            Field::bytes(2, "outer.b", 2).times(2),
            Field::message(8, "outer.c", &INNER),
            Field::message(9, "outer.d", &INNER),
            Field::fixed64(64, "outer.e"),
        ],
    };

    #[test]
    fn what_is_wrong_is_named() {
        for (bytes, why) in [
            (&[0x08][..], "outer is malformed"),
            (&[0x08, 1, 0x08, 1], "outer.a stands more than 1 times"),
            (&[0x0a, 1, 0], "outer.a is malformed"),
            (&[0x12, 9, 0], "outer is malformed"),
            (&[0x12, 3, 0, 0, 0], "outer.b has 3 bytes, more than 2"),
            (
                &[0x12, 0, 0x12, 0, 0x12, 0],
                "outer.b stands more than 2 times",
            ),
            (&[0x42, 0, 0x4a, 0], "outer.d stands more than 1 times"),
            (&[0x42, 1, 0x08], "inner is malformed"),
            (
                &[0x42, 6, 0x08, 0x80, 0x80, 0x80, 0x80, 0x10],
                "inner.a is not legal",
            ),
            (&[0x52, 0], "outer is of a later version"),
            (&[0x80, 0x04, 0], "outer.e is malformed"),
            (&[0x85, 0x04, 0, 0, 0, 0], "outer.e is malformed"),
            (&[0x0b, 0x0c], "outer is malformed"),
            (&[0x02, 0], "outer is malformed"),
        ] {
            let error = OUTER.check(bytes).expect_err(why);
            assert_eq!(error.to_string(), why);
        }
    }

    #[test]
    fn what_is_unknown_is_skipped() {
        let unknown: &[u8] = &[
            0x18, 7, // a number
            0x22, 1, 0xff, // bytes
            0x2d, 1, 2, 3, 4, // four bytes
            0x31, 1, 2, 3, 4, 5, 6, 7, 8, // eight bytes
            0x42, 3, 0x12, 1, 0xff, // inside a message
        ];
        OUTER.check(unknown).expect("nothing known is wrong");
    }
}

//! How fast a later generation takes the place of an earlier one.

use super::Shaped;
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Pace {
    #[prost(uint32, tag = "1")]
    max_surge: u32,
    #[prost(uint32, tag = "2")]
    max_unavailable: u32,
}

impl Shaped for Pace {
    const SHAPE: Shape = Shape {
        what: "pace",
        fields: &[
            Field::u32(1, "pace.max_surge"),
            Field::u32(2, "pace.max_unavailable"),
        ],
    };
}

impl Pace {
    /// Nothing where it is the usual one.
    pub(super) fn of(pace: gary_promise::Pace) -> Option<Self> {
        (pace != gary_promise::Pace::default()).then_some(Self {
            max_surge: pace.max_surge(),
            max_unavailable: pace.max_unavailable(),
        })
    }

    /// The usual one where nothing was said.
    pub(super) fn read(pace: Option<Self>) -> Result<gary_promise::Pace, DecodeError> {
        pace.map_or_else(
            || Ok(gary_promise::Pace::default()),
            |its| {
                gary_promise::Pace::new(its.max_surge, its.max_unavailable)
                    .map_err(DecodeError::illegal("use.pace"))
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_is_the_usual_and_what_could_begin_nothing_is_refused() {
        let said = |max_surge, max_unavailable| {
            Pace::read(Some(Pace {
                max_surge,
                max_unavailable,
            }))
        };
        let usual = Pace::read(None).expect("nothing was said");
        assert_eq!(usual, gary_promise::Pace::default());
        assert_eq!(Pace::of(usual), None);
        assert_eq!(said(0, 1).expect("one may be away").max_unavailable(), 1);
        let error = said(0, 0).expect_err("nothing could begin");
        assert!(error.to_string().starts_with("use.pace is not legal"));
    }
}

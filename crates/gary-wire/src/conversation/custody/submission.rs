//! Passing on an intent that somebody submitted.

use crate::{
    DecodeError,
    envelope::Signed,
    message::{Shaped, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Submission {
    #[prost(message, optional, tag = "1")]
    intent: Option<Signed>,
}

impl Shaped for Submission {
    const SHAPE: Shape = Shape {
        what: "submission",
        fields: &[Field::message(1, "submission.intent", &Signed::SHAPE)],
    };
}

impl From<&gary_promise::Submission> for Submission {
    fn from(submission: &gary_promise::Submission) -> Self {
        Self {
            intent: Some((&submission.intent).into()),
        }
    }
}

impl TryFrom<Submission> for gary_promise::Submission {
    type Error = DecodeError;

    fn try_from(submission: Submission) -> Result<Self, DecodeError> {
        Ok(Self {
            intent: required("submission.intent", submission.intent)?.try_into()?,
        })
    }
}

//! Text that is read as a name, a label or an interface.

use std::{fmt::Display, str::FromStr};

use gary_promise::{Interfaces, Labels, Routes};

use super::Shaped;
use crate::{
    DecodeError,
    decode_error::Flaw,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Label {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

impl Shaped for Label {
    const SHAPE: Shape = Shape {
        what: "label",
        fields: &[
            Field::bytes(1, "label.key", gary_promise::LabelKey::BYTES_MAX),
            Field::bytes(2, "label.value", gary_promise::LabelValue::BYTES_MAX),
        ],
    };
}

pub(super) fn labels_of(labels: &Labels) -> Vec<Label> {
    let label = |(key, value): (&gary_promise::LabelKey, &gary_promise::LabelValue)| Label {
        key: key.to_string(),
        value: value.to_string(),
    };
    labels.iter().map(label).collect()
}

pub(super) fn labels(field: &'static str, labels: &[Label]) -> Result<Labels, DecodeError> {
    let read = labels.iter().map(|label| {
        Ok((
            text("label.key", &label.key)?,
            text("label.value", &label.value)?,
        ))
    });
    let read: Vec<_> = read.collect::<Result<_, DecodeError>>()?;
    Labels::new(read).map_err(DecodeError::illegal(field))
}

pub(super) fn interfaces(field: &'static str, texts: &[String]) -> Result<Interfaces, DecodeError> {
    Interfaces::new(each(field, texts)?).map_err(DecodeError::illegal(field))
}

pub(super) fn routes(field: &'static str, texts: &[String]) -> Result<Routes, DecodeError> {
    Routes::new(each(field, texts)?).map_err(DecodeError::illegal(field))
}

pub(super) fn texts<T: Display>(values: impl Iterator<Item = T>) -> Vec<String> {
    values.map(|value| value.to_string()).collect()
}

/// One text, which is never empty: one that is was left out.
pub(crate) fn text<T>(field: &'static str, text: &str) -> Result<T, DecodeError>
where
    T: FromStr<Err: Into<Flaw>>,
{
    if text.is_empty() {
        return Err(DecodeError::Missing { field });
    }
    text.parse().map_err(DecodeError::illegal(field))
}

fn each<T>(field: &'static str, texts: &[String]) -> Result<Vec<T>, DecodeError>
where
    T: FromStr<Err: Into<Flaw>>,
{
    texts.iter().map(|its| text(field, its)).collect()
}

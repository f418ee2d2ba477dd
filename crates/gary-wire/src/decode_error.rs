//! Why bytes are not what they should be.

use gary_promise::{
    ConfigurationError, HeadError, InterfaceError, LabelsError, LeaseError, NoticeError, PaceError,
    PortionError, PromiseError, ResourcesError, RetriesError, ScheduleError, SpecError,
    SpreadError, TextError, TooMany, UpdateError, ValencyError, WithdrawalError,
};

use crate::SpokenError;

/// Bytes were refused. Nothing was learned from them but, of a record of a later version, its
/// [`Head`](gary_promise::Head).
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// There are more of them than there may be. Nothing else was looked at.
    #[error("{what} of {bytes} bytes is longer than {bytes_max}")]
    TooLong {
        /// What they should be.
        what: &'static str,
        /// How many there are.
        bytes: usize,
        /// How many there may be.
        bytes_max: usize,
    },
    /// A later release understands them. They can be kept and passed on as they came.
    #[error("{what} is of a later version")]
    Later {
        /// What is.
        what: &'static str,
    },
    /// They are no protobuf, or a field is of another type.
    #[error("{what} is malformed")]
    Malformed {
        /// The message or field.
        what: &'static str,
    },
    /// A field has more bytes than it may.
    #[error("{field} has {bytes} bytes, more than {bytes_max}")]
    FieldTooLong {
        /// The field.
        field: &'static str,
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        bytes_max: usize,
    },
    /// A field stands more often than it may.
    #[error("{field} stands more than {count_max} times")]
    TooOften {
        /// The field.
        field: &'static str,
        /// How often it may.
        count_max: usize,
    },
    /// A field has to be there and is not.
    #[error("{field} is missing")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A field has a value that is not legal.
    #[error("{field} is not legal")]
    Illegal {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        flaw: Flaw,
    },
    /// It is well-formed, and protobuf nevertheless does not take it: a text is not UTF-8.
    #[error("{what} is no protobuf")]
    Protobuf {
        /// The message.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: prost::DecodeError,
    },
}

/// What is wrong with the value of a field.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
#[expect(missing_docs, reason = "each is named by whose error it is")]
pub enum Flaw {
    Configuration(#[from] ConfigurationError),
    Head(#[from] HeadError),
    Interface(#[from] InterfaceError),
    Labels(#[from] LabelsError),
    Lease(#[from] LeaseError),
    Notice(#[from] NoticeError),
    Pace(#[from] PaceError),
    Number(#[from] NumberError),
    Portion(#[from] PortionError),
    Promise(#[from] PromiseError),
    Resources(#[from] ResourcesError),
    Retries(#[from] RetriesError),
    Schedule(#[from] ScheduleError),
    Length(#[from] LengthError),
    Spec(#[from] SpecError),
    Spoken(#[from] SpokenError),
    Spread(#[from] SpreadError),
    Text(#[from] TextError),
    TooMany(#[from] TooMany),
    Update(#[from] UpdateError),
    Valency(#[from] ValencyError),
    Withdrawal(#[from] WithdrawalError),
}

/// A number is not one of those that mean something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{number} is not from {min} to {max}")]
pub struct NumberError {
    /// The number.
    pub number: u64,
    /// The least that means something.
    pub min: u64,
    /// The greatest that does.
    pub max: u64,
}

/// Bytes of a fixed length are of another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there are {bytes} bytes instead of {bytes_wanted}")]
pub struct LengthError {
    /// How many there are.
    pub bytes: usize,
    /// How many there should be.
    pub bytes_wanted: usize,
}

impl DecodeError {
    /// Whether a later release would understand the bytes, so that they are worth passing on.
    pub const fn is_later(&self) -> bool {
        matches!(self, Self::Later { .. })
    }

    /// For `map_err`: what a domain type said against the value of `field`.
    pub(crate) fn illegal<F: Into<Flaw>>(field: &'static str) -> impl FnOnce(F) -> Self {
        move |flaw| Self::Illegal {
            field,
            flaw: flaw.into(),
        }
    }
}

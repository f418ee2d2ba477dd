//! What an agent has signed for certain.

use std::ops::Deref;

use crate::{AgentId, Signed};

/// A `T` and the proof that an agent said it: read-only, and there is none whose signature was not
/// either checked by a [`Verifier`](crate::Verifier) or made by a [`Promiser`](crate::Promiser).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T> {
    value: T,
    signed: Signed<T>,
}

impl<T> Verified<T> {
    /// The caller has checked or made the signature, and unpacked or packed the value.
    pub(super) const fn new(value: T, signed: Signed<T>) -> Self {
        Self { value, signed }
    }

    /// The agent that said it.
    pub const fn by(&self) -> AgentId {
        self.signed.by()
    }

    /// How it was signed, to pass it on or to store it.
    pub const fn signed(&self) -> &Signed<T> {
        &self.signed
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

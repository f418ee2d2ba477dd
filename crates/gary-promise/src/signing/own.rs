//! What an agent has said itself.

use std::ops::Deref;

use crate::Verified;

/// A `T` that the agent in whose code it stands has signed itself.
///
/// Only a [`Promiser`](crate::Promiser) makes one. So what takes an `Own` (to set room aside, to put
/// something on one's own sheet, to take a promise back) cannot be given what another agent said.
/// Where it does not matter who said it, it is a [`Verified`] like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own<T>(Verified<T>);

impl<T> Own<T> {
    /// The caller is the promiser that signed it.
    pub(super) const fn new(verified: Verified<T>) -> Self {
        Self(verified)
    }

    /// As every other agent sees it.
    pub fn into_verified(self) -> Verified<T> {
        self.0
    }
}

impl<T> Deref for Own<T> {
    type Target = Verified<T>;

    fn deref(&self) -> &Verified<T> {
        &self.0
    }
}

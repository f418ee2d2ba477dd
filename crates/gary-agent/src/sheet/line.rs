//! One promise on a sheet.

use std::sync::Arc;

use gary_promise::{Later, Promise, Reading, Scope, Signed, Verified, Version};

/// One promise on a sheet, as far as this release can read it.
///
/// One that only a later release can read stands like any other: it is hashed, counted and passed on. So
/// in a cluster of two releases everybody has every sheet.
#[derive(Debug, Clone)]
pub(super) enum Line {
    /// It is known what is promised.
    Read(Arc<Verified<Promise>>),
    /// It is known that something is promised.
    Unread(Arc<Later>),
}

impl Line {
    pub(super) fn of(reading: Reading<Promise>) -> Self {
        match reading {
            Reading::Now(promise) => Self::Read(Arc::new(promise)),
            Reading::Later(later) => Self::Unread(Arc::new(later)),
        }
    }

    pub(super) fn version(&self) -> Version {
        match self {
            Self::Read(promise) => promise.version(),
            Self::Unread(later) => later.version(),
        }
    }

    pub(super) fn signed(&self) -> &Signed<Promise> {
        match self {
            Self::Read(promise) => promise.signed(),
            Self::Unread(later) => later.promise().expect("it was read as a promise"),
        }
    }

    /// Whether it is the same one. Of a sheet that changes, nearly all that stands is shared, and need not be compared.
    pub(super) fn is(&self, other: &Self) -> bool {
        let is_shared = match (self, other) {
            (Self::Read(one), Self::Read(other)) => Arc::ptr_eq(one, other),
            (Self::Unread(one), Self::Unread(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        is_shared || self.signed() == other.signed()
    }

    /// What is promised, if this release can read it.
    pub(super) fn promise(&self) -> Option<&Arc<Verified<Promise>>> {
        match self {
            Self::Read(promise) => Some(promise),
            Self::Unread(_) => None,
        }
    }

    /// Whether it may be on a sheet. Of what cannot be read only its promiser can tell, who has put it
    /// there.
    pub(super) fn is_for_everyone(&self) -> bool {
        let scope = self.promise().map(|promise| promise.scope());
        scope.is_none_or(|scope| scope == Scope::Everyone)
    }
}

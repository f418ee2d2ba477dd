//! A signed record of what an agent promised or took back.

use crate::{
    AgentId, Later, Promise, PromiseId, Reading, SIGNATURE_BYTES, SignedRecord, Standing, Verified,
    Version, Withdrawal,
};

/// Something an agent promised or took back, signed and versioned: what sheets are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A promise, which may withdraw the one it revises.
    Promise(Verified<Promise>),
    /// A withdrawal.
    Withdrawal(Verified<Withdrawal>),
    /// Something of which this release can read no more than whether it promises or takes back.
    Later(Later),
}

impl Record {
    /// Who said it.
    pub fn by(&self) -> AgentId {
        match self {
            Self::Promise(promise) => promise.by(),
            Self::Withdrawal(withdrawal) => withdrawal.by(),
            Self::Later(later) => later.by(),
        }
    }

    /// When, by their own count.
    pub fn version(&self) -> Version {
        match self {
            Self::Promise(promise) => promise.version(),
            Self::Withdrawal(withdrawal) => withdrawal.version(),
            Self::Later(later) => later.version(),
        }
    }

    /// The promise that it takes back: a withdrawal one, a promise the one it revises, if any.
    pub fn withdraws(&self) -> Option<PromiseId> {
        let version = match self {
            Self::Promise(promise) => promise.revises()?,
            Self::Withdrawal(withdrawal) => withdrawal.of(),
            Self::Later(later) => return later.takes_back(),
        };
        let promiser = self.by();
        Some(PromiseId { promiser, version })
    }

    /// What it says of how promises stand: of the one it makes, and of the one it takes back.
    ///
    /// Whoever joins these to what they knew knows the same in the end, in whatever order and however
    /// often records come.
    pub fn standings(&self) -> impl Iterator<Item = Standing> {
        let made = match self {
            Self::Promise(promise) => Some(Standing::made(promise.clone())),
            Self::Withdrawal(_) => None,
            Self::Later(later) => Standing::unread(later.clone()),
        };
        let withdrawn = self
            .withdraws()
            .map(|promise| Standing::withdrawn(promise, self.clone()));
        made.into_iter().chain(withdrawn)
    }

    /// How it was signed, to pass it on or to store it.
    pub fn signed(&self) -> SignedRecord {
        match self {
            Self::Promise(promise) => promise.signed().clone().into(),
            Self::Withdrawal(withdrawal) => withdrawal.signed().clone().into(),
            Self::Later(later) => later.signed().clone(),
        }
    }

    /// What was signed and how, for an order among records that claim to be one.
    pub(crate) fn proof(&self) -> (&[u8], &[u8; SIGNATURE_BYTES]) {
        match self {
            Self::Promise(promise) => promise.signed().proof(),
            Self::Withdrawal(withdrawal) => withdrawal.signed().proof(),
            Self::Later(later) => later.proof(),
        }
    }
}

impl From<Reading<Promise>> for Record {
    fn from(reading: Reading<Promise>) -> Self {
        match reading {
            Reading::Now(promise) => Self::Promise(promise),
            Reading::Later(later) => Self::Later(later),
        }
    }
}

impl From<Reading<Withdrawal>> for Record {
    fn from(reading: Reading<Withdrawal>) -> Self {
        match reading {
            Reading::Now(withdrawal) => Self::Withdrawal(withdrawal),
            Reading::Later(later) => Self::Later(later),
        }
    }
}

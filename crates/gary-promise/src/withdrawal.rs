//! That an agent takes a promise back.

use crate::{Statement, Version};

/// That an agent takes a promise back, which it may at any time and for good.
///
/// It names a version and no agent, because only one's own promises can be withdrawn. Unlike a
/// breakage it is told to the promise's scope, whose users bind again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withdrawal {
    version: Version,
    of: Version,
    reason: Reason,
}

/// Why a promise was withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// None that the promiser tells. It owes none.
    Unstated,
    /// Somebody else holds the slot, or nobody accepted the offer.
    Surplus,
    /// A later generation took its place, or the workload was deleted.
    Outdated,
    /// The promiser cannot keep it: it tried to repair what failed, and gave up.
    Failing,
    /// The promiser goes away.
    Leaving,
    /// What was promised is done: it has run to completion.
    Completed,
    /// The promiser has revised what its machine has, and that does not cover it any more.
    Revised,
}

/// Parts are no withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WithdrawalError {
    /// It is said to be what it takes back.
    #[error("withdrawal {version} says that it is of itself")]
    OfItself {
        /// Its version.
        version: Version,
    },
}

impl Withdrawal {
    /// Takes back the signer's own promise `of`.
    ///
    /// # Errors
    ///
    /// Refuses one that takes itself back.
    pub fn new(version: Version, of: Version, reason: Reason) -> Result<Self, WithdrawalError> {
        if of == version {
            return Err(WithdrawalError::OfItself { version });
        }
        Ok(Self {
            version,
            of,
            reason,
        })
    }

    /// When it was said, by the promiser's own count.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The promiser's own promise that it takes back.
    pub const fn of(&self) -> Version {
        self.of
    }

    /// Why. Others may treat the reasons differently, and none undoes it.
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

impl Statement for Withdrawal {
    const KIND: &'static str = "withdrawal";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BootEpoch;

    #[test]
    fn nothing_takes_itself_back() {
        let version = Version::first(BootEpoch(1));
        let error = Withdrawal::new(version, version, Reason::Unstated);
        assert_eq!(error, Err(WithdrawalError::OfItself { version }));
    }
}

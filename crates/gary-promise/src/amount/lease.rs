//! For how long an agent's word holds.

use std::{num::NonZeroU32, time::Duration};

/// The longest [`Lease`], in milliseconds: an hour. A longer one is refused, because a promiser that
/// is gone would be waited for as long.
pub const LEASE_MS_MAX: u32 = 3_600_000;

/// The longest [`Notice`], in milliseconds: ten minutes. A longer one is refused; who is away for
/// longer withdraws.
pub const NOTICE_MS_MAX: u32 = 600_000;

/// How long a promise stands without being renewed. At least a millisecond, at most [`LEASE_MS_MAX`].
///
/// It is a span and no deadline: each observer counts it by its own clock from when it heard, the
/// promiser from when it spoke. So the promiser's ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease {
    ms: NonZeroU32,
}

/// How soon a promiser that goes away by plan will be back, or one that goes for good is gone. At least a millisecond, at most
/// [`NOTICE_MS_MAX`], and counted as a [`Lease`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Notice {
    ms: NonZeroU32,
}

/// A span is no lease.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a lease of {ms} ms is not between 1 ms and {LEASE_MS_MAX} ms")]
pub struct LeaseError {
    /// The span, in milliseconds.
    pub ms: u32,
}

/// A span is no notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a notice of {ms} ms is not between 1 ms and {NOTICE_MS_MAX} ms")]
pub struct NoticeError {
    /// The span, in milliseconds.
    pub ms: u32,
}

impl Lease {
    /// A lease of this many milliseconds.
    ///
    /// # Errors
    ///
    /// Refuses none at all, and more than [`LEASE_MS_MAX`].
    pub fn from_ms(ms: u32) -> Result<Self, LeaseError> {
        match NonZeroU32::new(ms) {
            Some(span) if ms <= LEASE_MS_MAX => Ok(Self { ms: span }),
            _ => Err(LeaseError { ms }),
        }
    }

    /// Its length, in milliseconds.
    pub const fn as_ms(self) -> u32 {
        self.ms.get()
    }

    /// Its length.
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.ms.get() as u64)
    }
}

impl Notice {
    /// Back within this many milliseconds.
    ///
    /// # Errors
    ///
    /// Refuses none at all, and more than [`NOTICE_MS_MAX`].
    pub fn from_ms(ms: u32) -> Result<Self, NoticeError> {
        match NonZeroU32::new(ms) {
            Some(span) if ms <= NOTICE_MS_MAX => Ok(Self { ms: span }),
            _ => Err(NoticeError { ms }),
        }
    }

    /// Its length, in milliseconds.
    pub const fn as_ms(self) -> u32 {
        self.ms.get()
    }

    /// Its length.
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.ms.get() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_out_of_bounds_are_refused() {
        for ms in [0, LEASE_MS_MAX + 1, u32::MAX] {
            assert_eq!(Lease::from_ms(ms), Err(LeaseError { ms }));
        }
        for ms in [0, NOTICE_MS_MAX + 1, u32::MAX] {
            assert_eq!(Notice::from_ms(ms), Err(NoticeError { ms }));
        }
        for ms in [1, 10_000, NOTICE_MS_MAX] {
            let duration = Duration::from_millis(u64::from(ms));
            assert_eq!(Lease::from_ms(ms).map(Lease::duration), Ok(duration));
            assert_eq!(Notice::from_ms(ms).map(Notice::duration), Ok(duration));
        }
    }
}

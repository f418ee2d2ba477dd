//! What every record says first, in every release.

use crate::Version;

/// What every record says first, in every release.
///
/// With it, a record that only a later release can read has its place among what its agent said, and
/// takes back what it takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    needs: u32,
    version: Version,
    takes_back: Option<Version>,
}

/// Parts are no head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// It would be taken back by being said.
    #[error("record {version} says that it takes itself back")]
    TakesItselfBack {
        /// Its version.
        version: Version,
    },
}

impl Head {
    /// The head of what was said at `version`.
    ///
    /// # Errors
    ///
    /// Refuses that of a record which takes itself back.
    pub fn new(
        needs: u32,
        version: Version,
        takes_back: Option<Version>,
    ) -> Result<Self, HeadError> {
        if takes_back == Some(version) {
            return Err(HeadError::TakesItselfBack { version });
        }
        Ok(Self {
            needs,
            version,
            takes_back,
        })
    }

    /// The earliest version of the wire whose readers understand the record, to say so where they do
    /// not.
    pub const fn needs(&self) -> u32 {
        self.needs
    }

    /// When it was said, by the signer's own count.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The signer's own promise that it takes back or whose place it takes.
    pub const fn takes_back(&self) -> Option<Version> {
        self.takes_back
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BootEpoch;

    #[test]
    fn nothing_takes_itself_back() {
        let version = Version::first(BootEpoch(1));
        let error = Head::new(2, version, Some(version));
        assert_eq!(error, Err(HeadError::TakesItselfBack { version }));
    }
}

//! Which promise.

use std::fmt;
use std::str::FromStr;

use super::{AgentId, BootEpoch, Sequence, Version};

/// A promise: who made it, and which of theirs it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromiseId {
    /// The agent whose promise it is.
    pub promiser: AgentId,
    /// When it was made, by the promiser's own count.
    pub version: Version,
}

impl fmt::Display for PromiseId {
    /// `AGENT/EPOCH.SEQUENCE`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.promiser, self.version)
    }
}

/// This is no id of a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not AGENT/EPOCH.SEQUENCE")]
pub struct PromiseIdError;

impl FromStr for PromiseId {
    type Err = PromiseIdError;

    fn from_str(text: &str) -> Result<Self, PromiseIdError> {
        let read = || {
            let (promiser, version) = text.split_once('/')?;
            let (epoch, sequence) = version.split_once('.')?;
            let version = Version {
                epoch: BootEpoch(epoch.parse().ok()?),
                sequence: Sequence::new(sequence.parse().ok()?)?,
            };
            let promiser = promiser.parse().ok()?;
            Some(Self { promiser, version })
        };
        read().ok_or(PromiseIdError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_is_shown() {
        let id = PromiseId {
            promiser: AgentId::from_bytes([7; 32]),
            version: Version::first(BootEpoch(3)),
        };
        let shown = id.to_string();
        assert_eq!(shown.parse(), Ok(id));
        for text in [
            "",
            "07/3.1",
            &shown.replace("3.1", "3.0"),
            &format!("{shown}.1"),
        ] {
            assert_eq!(text.parse::<PromiseId>(), Err(PromiseIdError), "{text}");
        }
    }
}

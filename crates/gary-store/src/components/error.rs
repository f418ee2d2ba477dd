//! What can go wrong with components.

use std::io;
use std::path::PathBuf;

use super::Digest;

/// Why the folder of components cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the folder of components {} cannot be used", dir.display())]
pub struct OpenComponentsError {
    /// The folder.
    pub dir: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Why a component cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It is not here.
    #[error("{digest} is not here")]
    Absent {
        /// Which.
        digest: Digest,
    },
    /// It was damaged, and is not here any more.
    #[error("{digest} was damaged and has been removed")]
    Damaged {
        /// Which.
        digest: Digest,
    },
    /// The disk failed.
    #[error("{digest} could not be read")]
    Io {
        /// Which.
        digest: Digest,
        /// How.
        #[source]
        source: io::Error,
    },
}

/// Why a component is not kept.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The bytes are those of another. What was written of them is gone.
    #[error("the bytes are those of {found}, not of {digest}")]
    Wrong {
        /// Which it should be.
        digest: Digest,
        /// Which it is.
        found: Digest,
    },
    /// It is here already.
    #[error("{digest} is here already")]
    Present {
        /// Which.
        digest: Digest,
    },
    /// Somebody else writes it.
    #[error("{digest} is being written already")]
    Busy {
        /// Which.
        digest: Digest,
    },
    /// There is no room, whatever goes that may.
    #[error("{wanted} more bytes do not fit: components may take {limit}, and the rest is in use")]
    Full {
        /// How much more there would be.
        wanted: u64,
        /// How much there may be in all.
        limit: u64,
    },
    /// The disk failed.
    #[error("{digest} could not be written")]
    Io {
        /// Which.
        digest: Digest,
        /// How.
        #[source]
        source: io::Error,
    },
}

//! What can go wrong.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Somebody else uses it.
    #[error("the state directory {} is in use{}", dir.display(), by(*holder))]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// The process that uses it, as far as it has said so.
        holder: Option<u32>,
    },
    /// Nothing can be written there.
    #[error("the state directory {} cannot be written to", dir.display())]
    ReadOnly {
        /// The directory.
        dir: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The disk is full.
    #[error("the disk of the state directory {} is full", dir.display())]
    Full {
        /// The directory.
        dir: PathBuf,
        /// How that showed.
        #[source]
        source: io::Error,
    },
    /// The directory, or a file in it, cannot be had for another reason.
    #[error("the state directory {} cannot be used", dir.display())]
    Io {
        /// The directory.
        dir: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A later release has written it. Nothing was changed.
    #[error(
        "{} has format {found}, of a later release; this one knows formats up to {known}",
        file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u64,
        /// The latest that is known.
        known: u64,
    },
    /// The file is not what was written.
    #[error("{} is damaged: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The format of an earlier release could not be brought up to date. Nothing was changed.
    #[error("{} could not be brought from format {from} to {to}", file.display())]
    Migration {
        /// The file.
        file: PathBuf,
        /// Its format.
        from: u64,
        /// The format that it should have.
        to: u64,
        /// Why not.
        #[source]
        source: Box<redb::Error>,
    },
}

/// Why a batch is not acknowledged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The disk is full. Whether the batch was stored shows at the next start. The store takes nothing
    /// any more.
    #[error("the disk is full")]
    Full(#[source] Arc<redb::Error>),
    /// The disk failed otherwise. Whether the batch was stored shows at the next start. The store
    /// takes nothing any more.
    #[error("the store could not be written to")]
    Failed(#[source] Arc<redb::Error>),
    /// An earlier commit failed, or the store was closed. The batch was not stored.
    #[error("the store takes nothing any more")]
    Stopped,
    /// The batch is larger than one may be. It was not stored, and others are.
    #[error("a batch of {bytes} bytes is more than the {limit} that one may have")]
    TooLarge {
        /// How large it is.
        bytes: usize,
        /// How large one may be.
        limit: usize,
    },
}

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the store could not be read")]
pub struct GetError(#[source] pub(crate) redb::Error);

fn by(holder: Option<u32>) -> String {
    holder.map_or_else(String::new, |pid| format!(" by process {pid}"))
}

impl OpenError {
    pub(crate) fn io(dir: impl Into<PathBuf>, source: io::Error) -> Self {
        let dir = dir.into();
        match source.kind() {
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { dir, source }
            }
            kind if is_full(kind) => Self::Full { dir, source },
            _ => Self::Io { dir, source },
        }
    }
}

impl CommitError {
    pub(crate) fn failed(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(ref source) if is_full(source.kind()) => Self::Full(Arc::new(error)),
            error => Self::Failed(Arc::new(error)),
        }
    }
}

fn is_full(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_what_is_wrong() {
        let said = |kind: io::ErrorKind| OpenError::io("/d", kind.into()).to_string();
        let read_only = "the state directory /d cannot be written to";
        assert_eq!(said(io::ErrorKind::ReadOnlyFilesystem), read_only);
        assert_eq!(said(io::ErrorKind::PermissionDenied), read_only);
        let full = "the disk of the state directory /d is full";
        assert_eq!(said(io::ErrorKind::StorageFull), full);
        let other = "the state directory /d cannot be used";
        assert_eq!(said(io::ErrorKind::NotADirectory), other);

        let in_use = |holder| OpenError::InUse {
            dir: "/d".into(),
            holder,
        };
        let by_nobody = "the state directory /d is in use";
        assert_eq!(in_use(None).to_string(), by_nobody);
        let by_process = format!("{by_nobody} by process 7");
        assert_eq!(in_use(Some(7)).to_string(), by_process);
    }
}

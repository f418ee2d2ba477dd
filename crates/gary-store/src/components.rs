//! Components by their digests, in a folder.
//!
//! `HEX` is a component, named by its SHA-256. `HEX.part` is the beginning of one that is being fetched,
//! and is kept across restarts. `*.tmp` was left by a crash. Other files are left alone.

mod component;
mod digest;
mod error;
mod shelf;
#[cfg(test)]
mod tests;
mod unfinished;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

pub use component::Component;
pub use digest::{Digest, DigestError};
pub use error::{FetchError, OpenComponentsError, WriteError};
pub use unfinished::Unfinished;

use self::shelf::Shelf;
use crate::directory;

/// The components of one agent. Calls wait for the disk, so they are made on threads that may wait.
/// Clones are the same components.
#[derive(Clone, Debug)]
pub struct Components(Arc<Shelf>);

impl Components {
    /// Opens the folder, which is made if it is missing. All that is in it takes `bytes_max` at most:
    /// past that the components used longest ago go first, and never those that are pinned.
    ///
    /// The folder belongs to one process. Inside a state directory its [`Store`](crate::Store) sees to
    /// that.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(dir: PathBuf, bytes_max: u64) -> Result<Self, OpenComponentsError> {
        match Shelf::open(dir.clone(), bytes_max) {
            Ok(shelf) => Ok(Self(Arc::new(shelf))),
            Err(source) => Err(OpenComponentsError { dir, source }),
        }
    }

    /// Whether a component is here as a whole.
    pub fn contains(&self, digest: Digest) -> bool {
        self.0.state().whole.contains_key(&digest)
    }

    /// All that are here as a whole.
    pub fn digests(&self) -> Vec<Digest> {
        self.0.state().whole.keys().copied().collect()
    }

    /// How many bytes all take, unfinished ones included.
    pub fn bytes(&self) -> u64 {
        self.0.state().bytes
    }

    /// Which components are kept whatever else needs room, in the place of those that were before.
    pub fn pin(&self, digests: impl IntoIterator<Item = Digest>) {
        self.0.state().pins = digests.into_iter().collect::<HashSet<_>>();
    }

    /// A component to read from. The first time since the folder was opened all of it is read, to see
    /// that it is still what it was.
    ///
    /// # Errors
    /// When it is not here. One that is damaged is removed, and so it can be fetched again.
    pub fn get(&self, digest: Digest) -> Result<Component, FetchError> {
        let absent = FetchError::Absent { digest };
        let Some(was_verified) = self.0.touch(digest) else {
            return Err(absent);
        };
        let failed = |source| FetchError::Io { digest, source };
        let component = match File::open(self.0.path(digest)) {
            Ok(file) => Component::new(digest, file).map_err(failed)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.0.forget(digest);
                return Err(absent);
            }
            Err(error) => return Err(failed(error)),
        };
        component.mark_used();
        if !was_verified {
            let found = component.digest_found().map_err(failed)?;
            if found != digest {
                tracing::warn!(%digest, %found, "a component was damaged and is removed");
                self.0.remove(digest);
                return Err(FetchError::Damaged { digest });
            }
            self.0.verified(digest);
        }
        Ok(component)
    }

    /// Keeps a component. Once this has returned it outlives a crash.
    ///
    /// # Errors
    /// When the bytes are not those of the digest, or there is no room.
    pub fn put(&self, digest: Digest, bytes: &[u8]) -> Result<(), WriteError> {
        let found = Digest::of(bytes);
        if found != digest {
            return Err(WriteError::Wrong { digest, found });
        }
        if self.0.touch(digest).is_some() {
            return Ok(());
        }
        let length = bytes.len() as u64;
        self.0.reserve(length)?;
        let temporary = self.0.temporary(digest);
        let mut options = directory::options();
        let written = options
            .write(true)
            .create_new(true)
            .open(&temporary)
            .and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()?;
                Ok(file)
            })
            .and_then(|_| self.0.shelve(&temporary, digest, length));
        written.map_err(|source| {
            let _ = fs::remove_file(&temporary);
            self.0.release(length);
            WriteError::Io { digest, source }
        })
    }

    /// Begins to write a component piece by piece, or goes on where that was left off, be it before a
    /// restart. One at a time writes a component.
    ///
    /// # Errors
    /// When it is here already, somebody writes it, or the disk fails.
    pub fn begin(&self, digest: Digest) -> Result<Unfinished, WriteError> {
        Unfinished::begin(Arc::clone(&self.0), digest)
    }
}

//! A component that comes piece by piece.

use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::component::hash;
use super::shelf::Shelf;
use super::{Digest, WriteError};
use crate::directory;

/// The beginning of a component. To let go of it keeps what there is for the next who goes on.
#[derive(Debug)]
pub struct Unfinished {
    shelf: Arc<Shelf>,
    digest: Digest,
    file: File,
    hasher: Sha256,
    bytes: u64,
}

impl Unfinished {
    pub(super) fn begin(shelf: Arc<Shelf>, digest: Digest) -> Result<Self, WriteError> {
        let mut state = shelf.state();
        if state.whole.contains_key(&digest) {
            return Err(WriteError::Present { digest });
        }
        let part = state.part(digest);
        if part.is_written {
            return Err(WriteError::Busy { digest });
        }
        part.is_written = true;
        drop(state);
        let opened = open(&shelf, digest);
        let (file, hasher, bytes) = opened.map_err(|source| {
            shelf.state().part(digest).is_written = false;
            WriteError::Io { digest, source }
        })?;

        // The file is what counts, should it not be what was known.
        let mut state = shelf.state();
        let known = std::mem::replace(&mut state.part(digest).bytes, bytes);
        state.bytes = (state.bytes + bytes).saturating_sub(known);
        drop(state);
        Ok(Self {
            shelf,
            digest,
            file,
            hasher,
            bytes,
        })
    }

    /// How much of it there is, which is where to go on.
    pub fn offset(&self) -> u64 {
        self.bytes
    }

    /// Adds the next piece.
    ///
    /// # Errors
    /// When there is no room or the disk fails. What was added before is kept.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let digest = self.digest;
        let length = bytes.len() as u64;
        self.shelf.reserve(length)?;
        if let Err(source) = self.file.write_all(bytes) {
            self.shelf.release(length);
            // Should even this fail, the digest will tell.
            let _ = self.file.set_len(self.bytes);
            return Err(WriteError::Io { digest, source });
        }
        self.hasher.update(bytes);
        self.bytes += length;
        self.shelf.state().part(digest).bytes = self.bytes;
        Ok(())
    }

    /// Says that this was all. Once it has returned the component outlives a crash.
    ///
    /// # Errors
    /// When it is not the component that it should be: what there is of it is then removed. When the
    /// disk fails it is kept.
    pub fn finish(mut self) -> Result<(), WriteError> {
        let digest = self.digest;
        let found = Digest::new(std::mem::take(&mut self.hasher).finalize().into());
        let path = self.shelf.part_path(digest);
        if found != digest {
            // One that cannot be removed is as wrong at the next attempt.
            let _ = fs::remove_file(path);
            self.shelf.state().forget_part(digest);
            return Err(WriteError::Wrong { digest, found });
        }
        let failed = |source| WriteError::Io { digest, source };
        self.file.sync_all().map_err(failed)?;
        self.shelf
            .shelve(&path, digest, self.bytes)
            .map_err(failed)?;
        // The room that it had is that of the whole from now on.
        self.shelf.state().parts.remove(&digest);
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(part) = self.shelf.state().parts.get_mut(&self.digest) {
            part.is_written = false;
        }
    }
}

/// Opens what there is, to be written to at its end.
fn open(shelf: &Shelf, digest: Digest) -> io::Result<(File, Sha256, u64)> {
    let mut options = directory::options();
    let options = options.read(true).append(true).create(true);
    let mut file = options.open(shelf.part_path(digest))?;
    let mut hasher = Sha256::new();
    let bytes = hash(&mut file, &mut hasher)?;
    Ok((file, hasher, bytes))
}

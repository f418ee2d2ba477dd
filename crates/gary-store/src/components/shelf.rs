//! What is in the folder, what of it is needed, and what has to go.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::{Digest, WriteError};
use crate::directory;

const PART: &str = ".part";
const TEMPORARY: &str = ".tmp";

/// The folder, and what is known of it.
#[derive(Debug)]
pub(super) struct Shelf {
    dir: PathBuf,
    bytes_max: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) whole: HashMap<Digest, Whole>,
    pub(super) parts: HashMap<Digest, Part>,
    pub(super) pins: HashSet<Digest>,
    /// All that is there, and all that was promised room.
    pub(super) bytes: u64,
    /// Counts uses; it only orders them.
    clock: u64,
}

/// A component that is there as a whole.
#[derive(Debug)]
pub(super) struct Whole {
    bytes: u64,
    used: u64,
    /// Whether this process has seen that it is what its name says.
    is_verified: bool,
}

/// The beginning of a component.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) bytes: u64,
    used: u64,
    pub(super) is_written: bool,
}

/// A file that is found when the folder is opened.
struct Found {
    used: SystemTime,
    digest: Digest,
    bytes: u64,
    is_whole: bool,
}

impl Shelf {
    pub(super) fn open(dir: PathBuf, bytes_max: u64) -> io::Result<Self> {
        directory::make(&dir)?;
        let mut found = look(&dir)?;
        found.sort_by_key(|file| (file.used, file.digest));
        let mut state = State::default();
        for file in found {
            let used = state.tick();
            let bytes = file.bytes;
            state.bytes += bytes;
            if file.is_whole {
                let is_verified = false;
                let whole = Whole {
                    bytes,
                    used,
                    is_verified,
                };
                state.whole.insert(file.digest, whole);
            } else {
                let is_written = false;
                let part = Part {
                    bytes,
                    used,
                    is_written,
                };
                state.parts.insert(file.digest, part);
            }
        }
        Ok(Self {
            dir,
            bytes_max,
            state: Mutex::new(state),
        })
    }

    /// What is known. The lock is held while files are renamed and removed, and not while they are
    /// read or written.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn path(&self, digest: Digest) -> PathBuf {
        self.dir.join(digest.hex())
    }

    pub(super) fn part_path(&self, digest: Digest) -> PathBuf {
        self.dir.join(digest.hex() + PART)
    }

    /// A name that nobody else in this process takes.
    pub(super) fn temporary(&self, digest: Digest) -> PathBuf {
        let number = self.state().tick();
        self.dir
            .join(format!("{}.{number}{TEMPORARY}", digest.hex()))
    }

    /// Marks a component as used, and says whether it was seen to be sound; none if it is not there.
    pub(super) fn touch(&self, digest: Digest) -> Option<bool> {
        let mut state = self.state();
        let now = state.tick();
        let whole = state.whole.get_mut(&digest)?;
        whole.used = now;
        Some(whole.is_verified)
    }

    /// Takes note that a component is what its name says.
    pub(super) fn verified(&self, digest: Digest) {
        if let Some(whole) = self.state().whole.get_mut(&digest) {
            whole.is_verified = true;
        }
    }

    /// Takes note that a component is not there any more.
    pub(super) fn forget(&self, digest: Digest) {
        self.state().forget_whole(digest);
    }

    /// Removes a component.
    pub(super) fn remove(&self, digest: Digest) {
        let mut state = self.state();
        // One that cannot be removed is found again at the next start, and is as damaged as before.
        let _ = fs::remove_file(self.path(digest));
        state.forget_whole(digest);
    }

    /// Promises room, for which others have to go.
    pub(super) fn reserve(&self, bytes: u64) -> Result<(), WriteError> {
        let mut state = self.state();
        while state.bytes.saturating_add(bytes) > self.bytes_max {
            if !self.remove_least_used(&mut state) {
                return Err(WriteError::Full {
                    wanted: bytes,
                    limit: self.bytes_max,
                });
            }
        }
        state.bytes += bytes;
        Ok(())
    }

    /// Takes back what room was promised.
    pub(super) fn release(&self, bytes: u64) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_sub(bytes);
    }

    /// Gives a file that is whole and synced its name. Its room was promised.
    pub(super) fn shelve(&self, file: &Path, digest: Digest, bytes: u64) -> io::Result<()> {
        let mut state = self.state();
        fs::rename(file, self.path(digest))?;
        // The name is synced before anybody is told that it is there.
        directory::sync(&self.dir)?;
        // Where somebody else was faster, the room was promised twice.
        state.forget_whole(digest);
        let used = state.tick();
        let whole = Whole {
            bytes,
            used,
            is_verified: true,
        };
        state.whole.insert(digest, whole);
        Ok(())
    }

    /// Removes the whole or the part that was used longest ago, among those that nobody needs.
    fn remove_least_used(&self, state: &mut State) -> bool {
        let pins = &state.pins;
        let whole = state.whole.iter();
        let whole = whole.filter(|(digest, _)| !pins.contains(digest));
        let whole = whole.map(|(digest, whole)| (whole.used, *digest, true));
        let parts = state.parts.iter().filter(|(_, part)| !part.is_written);
        let parts = parts.map(|(digest, part)| (part.used, *digest, false));
        let Some((_, digest, is_whole)) = whole.chain(parts).min() else {
            return false;
        };
        let path = match is_whole {
            true => self.path(digest),
            false => self.part_path(digest),
        };
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%digest, %error, "a component could not be removed");
            return false;
        }
        match is_whole {
            true => state.forget_whole(digest),
            false => state.forget_part(digest),
        }
        true
    }
}

impl State {
    pub(super) fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// The beginning of a component, empty if there was none.
    pub(super) fn part(&mut self, digest: Digest) -> &mut Part {
        let used = self.tick();
        let part = self.parts.entry(digest).or_insert(Part {
            bytes: 0,
            used,
            is_written: false,
        });
        part.used = used;
        part
    }

    /// Forgets a component and gives back its room.
    fn forget_whole(&mut self, digest: Digest) {
        if let Some(whole) = self.whole.remove(&digest) {
            self.bytes = self.bytes.saturating_sub(whole.bytes);
        }
    }

    /// Forgets the beginning of a component and gives back its room.
    pub(super) fn forget_part(&mut self, digest: Digest) {
        if let Some(part) = self.parts.remove(&digest) {
            self.bytes = self.bytes.saturating_sub(part.bytes);
        }
    }
}

/// What there is in a folder. What a crash has left is removed.
fn look(dir: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let (digits, is_whole) = match name.strip_suffix(PART) {
            Some(digits) => (digits, false),
            None => (name, true),
        };
        if let Ok(digest) = Digest::from_hex(digits) {
            let metadata = entry.metadata()?;
            found.push(Found {
                used: metadata.modified()?,
                digest,
                bytes: metadata.len(),
                is_whole,
            });
        } else if name.ends_with(TEMPORARY) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(found)
}

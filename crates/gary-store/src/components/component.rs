//! A component on the disk.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use super::Digest;

/// A component to read from. It can be read to the end even if it has to make room meanwhile.
#[derive(Debug)]
pub struct Component {
    digest: Digest,
    file: File,
    bytes: u64,
}

impl Component {
    pub(super) fn new(digest: Digest, file: File) -> io::Result<Self> {
        let bytes = file.metadata()?.len();
        Ok(Self {
            digest,
            file,
            bytes,
        })
    }

    /// What it is known by.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How long it is.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads some of it from `offset` on, and says how much: at the end nothing.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// The digest of what the file holds.
    pub(super) fn digest_found(&self) -> io::Result<Digest> {
        let mut hasher = Sha256::new();
        hash(&mut &self.file, &mut hasher)?;
        Ok(Digest::new(hasher.finalize().into()))
    }

    /// Has a restart know when it was used. A folder that cannot be written to still serves.
    pub(super) fn mark_used(&self) {
        let _ = self.file.set_modified(SystemTime::now());
    }
}

/// Hashes all that is left to read, and says how much it was.
pub(super) fn hash(from: &mut impl Read, hasher: &mut Sha256) -> io::Result<u64> {
    let mut buffer = vec![0; 64 << 10];
    let mut bytes = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(length) => {
                hasher.update(&buffer[..length]);
                bytes += length as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

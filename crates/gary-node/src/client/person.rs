//! The key of a person, and how often it has been used.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use gary_promise::{AgentId, AgentKey, BootEpoch, ClusterId, Promiser};

use crate::random::random;

/// Where a person's key is in their configuration directory.
const KEY: &str = "id";
/// Where it is how often it was used, so that no two statements ever have the same number.
const USES: &str = "id.uses";

/// A person, who signs what they deploy.
#[derive(Debug)]
pub struct Person {
    dir: PathBuf,
    seed: [u8; 32],
}

/// A person's key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// Its file.
    #[error("cannot use {}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What is in it is no key.
    #[error("{} holds no key: it should have 64 hexadecimal digits", .0.display())]
    NoKey(PathBuf),
    /// It is not known how often the key was used.
    #[error("{} does not say how often the key was used: it should be a number", .0.display())]
    NoCount(PathBuf),
}

impl Person {
    /// The one whose key is in this directory, where it is made on first use.
    ///
    /// # Errors
    /// When it can be neither read nor made.
    pub fn of(dir: &Path) -> Result<Self, PersonError> {
        let file = dir.join(KEY);
        let failed = |source| PersonError::File {
            file: file.clone(),
            source,
        };
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = fs::DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(dir);
                made.map_err(failed)?;
                let seed = random::<32>().map_err(failed)?;
                write_new(&file, &hex::encode(seed)).map_err(failed)?;
                // Another process may have been first: what is there counts.
                fs::read_to_string(&file).map_err(failed)?
            }
            Err(error) => return Err(failed(error)),
        };
        let mut seed = [0; 32];
        hex::decode_to_slice(text.trim(), &mut seed).map_err(|_| PersonError::NoKey(file))?;
        Ok(Self {
            dir: dir.to_owned(),
            seed,
        })
    }

    /// What their key grows from.
    pub(super) const fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Who they are.
    pub(super) fn id(&self) -> AgentId {
        AgentKey::from_seed(&self.seed).id()
    }

    /// Whoever makes promises in their name, in a start of its own.
    pub(super) fn promiser(&self, cluster: ClusterId) -> Result<Promiser, PersonError> {
        let key = AgentKey::from_seed(&self.seed);
        Ok(Promiser::new(key, cluster, self.count_use()?))
    }

    /// Counts one more use, for good.
    fn count_use(&self) -> Result<BootEpoch, PersonError> {
        let file = self.dir.join(USES);
        let failed = |source| PersonError::File {
            file: file.clone(),
            source,
        };
        // Two commands at once take turns, by a file that is never replaced.
        let lock = self.dir.join(format!("{USES}.lock"));
        let lock = open(OpenOptions::new().create(true), &lock).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let before = match fs::read_to_string(&file) {
            Ok(text) => text.trim().parse().ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(0u64),
            Err(error) => return Err(failed(error)),
        };
        // To begin again with the first would be to say two things under one number.
        let before = before.ok_or_else(|| PersonError::NoCount(file.clone()))?;
        let uses = before + 1;
        let next = self.dir.join(format!("{USES}.new"));
        let written = open(OpenOptions::new().create(true).truncate(true), &next);
        let mut written = written.map_err(failed)?;
        let text = uses.to_string();
        let synced = written
            .write_all(text.as_bytes())
            .and_then(|()| written.sync_all());
        synced
            .and_then(|()| fs::rename(&next, &file))
            .and_then(|()| File::open(&self.dir)?.sync_all())
            .map_err(failed)?;
        Ok(BootEpoch(uses))
    }
}

/// Opens a file for its owner alone.
fn open(options: &mut OpenOptions, file: &Path) -> io::Result<File> {
    options.write(true).mode(0o600).open(file)
}

/// Writes a file that is not there yet; if it is, leaves it.
fn write_new(file: &Path, text: &str) -> io::Result<()> {
    match open(OpenOptions::new().create_new(true), file) {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn keeps_its_key_and_counts_every_use() {
        let dir = tempfile::tempdir().expect("there is a place for it");
        let dir = dir.path().join("gary");
        let one = Person::of(&dir).expect("it is made");
        let again = Person::of(&dir).expect("it is there");
        assert_eq!(one.seed, again.seed);
        let mode = fs::metadata(dir.join(KEY))
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let uses = [&one, &again, &one].map(|its| its.count_use().expect("it is counted").0);
        assert_eq!(uses, [1, 2, 3]);
        fs::write(dir.join(USES), "").expect("it can be written");
        assert!(matches!(one.count_use(), Err(PersonError::NoCount(_))));
        fs::write(dir.join(KEY), "secret").expect("it can be written");
        assert!(matches!(Person::of(&dir), Err(PersonError::NoKey(_))));
    }
}

//! The key of a person, and how often it has been used.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use gary_promise::{AgentKey, BootEpoch, ClusterId, Promiser};

use crate::node::random;

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
                let seed = random::<32>().map_err(|error| failed(io::Error::other(error)))?;
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
        let open = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&file);
        let opened = open.map_err(failed)?;
        // Two commands at once take turns.
        opened.lock().map_err(failed)?;
        let before = fs::read_to_string(&file).map_err(failed)?;
        let uses = before.trim().parse().unwrap_or(0u64) + 1;
        let next = self.dir.join(format!("{USES}.new"));
        fs::write(&next, uses.to_string()).map_err(failed)?;
        // In place, since the lock is on the file that is there.
        fs::write(&file, uses.to_string()).map_err(failed)?;
        opened.sync_all().map_err(failed)?;
        let _ = fs::remove_file(&next);
        Ok(BootEpoch(uses))
    }
}

/// Writes a file that is not there yet; if it is, leaves it.
fn write_new(file: &Path, text: &str) -> io::Result<()> {
    let open = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file);
    match open {
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
        fs::write(dir.join(KEY), "secret").expect("it can be written");
        assert!(matches!(Person::of(&dir), Err(PersonError::NoKey(_))));
    }
}

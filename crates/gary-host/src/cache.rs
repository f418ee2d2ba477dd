//! Compiled code kept between runs, and trusted only as far as a key of the user's own vouches.
//!
//! Loading compiled code is executing it, so an entry carries a MAC over its bytes and its name.
//! One that fails, for whatever reason, is as good as absent: it is compiled again. Entries are
//! written whole to a temporary file and renamed, so any number of processes may share a cache.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use wasmtime::component::Component;

use crate::artifact::Digest;
use crate::engine::Engine;
use crate::pages;
use crate::wasip1;

/// Bytes of compiled code kept; past it the entries used longest ago go first.
pub const CACHE_BYTES_MAX: u64 = 1 << 30;
/// A temporary file this old belongs to a process that died while writing it.
const STALE_AFTER: Duration = Duration::from_secs(3600);
const MAC_BYTES: usize = blake3::OUT_LEN;
const SUFFIX: &str = "cwasm";

/// The compiled-code cache of one user.
pub struct Cache {
    dir: PathBuf,
    key: [u8; blake3::KEY_LEN],
    bytes_max: u64,
}

/// There is no cache to be had.
#[derive(Debug, thiserror::Error)]
pub enum OpenCacheError {
    /// Its directory cannot be made, or kept from others.
    #[error("cannot use the directory {}", dir.display())]
    Dir {
        /// The directory.
        dir: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file with its key can be neither read nor made.
    #[error("cannot use the key {}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Cache {
    /// Opens the cache in `dir`, with the MAC key in the file `key`; both are made when missing.
    ///
    /// The key is best kept away from the cache: a cache that is carried to another machine is
    /// then worth nothing there, as it should be.
    ///
    /// # Errors
    /// When either cannot be made or read. A caller may well go on without a cache.
    pub fn open(dir: PathBuf, key: &Path, bytes_max: u64) -> Result<Self, OpenCacheError> {
        private_dir(&dir).map_err(|source| OpenCacheError::Dir {
            dir: dir.clone(),
            source,
        })?;
        let key = read_or_make_key(key).map_err(|source| OpenCacheError::Key {
            file: key.to_owned(),
            source,
        })?;
        Ok(Self {
            dir,
            key,
            bytes_max,
        })
    }

    /// The compiled form of a component, where there is one that can be trusted.
    pub(crate) fn get(&self, engine: &Engine, digest: Digest) -> Option<Component> {
        let name = entry_name(engine, digest);
        let path = self.dir.join(&name);
        let mut file = File::open(&path).ok()?;
        match self.load(engine, &name, &mut file) {
            Ok(component) => {
                // Marks the entry as used; a cache that cannot be written to still serves.
                let _ = file.set_modified(SystemTime::now());
                Some(component)
            }
            Err(error) => {
                tracing::debug!(entry = name, %error, "compiled again: a cache entry was not usable");
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    fn load(&self, engine: &Engine, name: &str, file: &mut File) -> anyhow::Result<Component> {
        let code_bytes = file
            .metadata()?
            .len()
            .checked_sub(MAC_BYTES as u64)
            .ok_or_else(|| anyhow::anyhow!("it is shorter than its MAC"))?;
        let computed = self.mac(name, &mut (&*file).take(code_bytes))?;
        let mut stored = [0; MAC_BYTES];
        file.seek(SeekFrom::Start(code_bytes))?;
        file.read_exact(&mut stored)?;
        // `blake3::Hash` compares in constant time.
        anyhow::ensure!(
            computed == blake3::Hash::from_bytes(stored),
            "its MAC does not match"
        );
        // The file just read is mapped through its descriptor: another file that took its name in
        // the meantime is not looked at.
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        // SAFETY: the bytes were written by `put`, which alone can make the MAC that was checked
        // just above; files in the cache are never changed in place.
        #[allow(unsafe_code, reason = "decision record 0003")]
        let component = unsafe { Component::deserialize_file(engine.wasmtime(), path) }?;
        pages::give_back_image(&component);
        Ok(component)
    }

    /// Keeps the compiled form of a component. A failure costs the next start a compile, no more.
    pub(crate) fn put(&self, engine: &Engine, digest: Digest, component: &Component) {
        let name = entry_name(engine, digest);
        let kept = component
            .serialize()
            .map_err(anyhow::Error::from)
            .and_then(|code| {
                let mac = self.mac(&name, &mut code.as_slice())?;
                self.write(&name, &[&code, mac.as_bytes()])?;
                Ok(())
            });
        match kept {
            Ok(()) => self.evict(&name),
            Err(error) => tracing::debug!(entry = name, %error, "compiled code was not kept"),
        }
    }

    fn mac(&self, name: &str, code: &mut impl Read) -> io::Result<blake3::Hash> {
        let mut mac = blake3::Hasher::new_keyed(&self.key);
        // Names have one length, so name and code cannot be shifted against each other.
        mac.update(name.as_bytes());
        mac.update_reader(code)?;
        Ok(mac.finalize())
    }

    fn write(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        let temporary = self.dir.join(format!("{name}.{:016x}.tmp", random()?));
        let written = (|| {
            let mut file = private_file(&temporary)?;
            for part in parts {
                file.write_all(part)?;
            }
            fs::rename(&temporary, self.dir.join(name))
        })();
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Removes the entries used longest ago until the rest fits, never the one just written.
    fn evict(&self, keep: &str) {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return;
        };
        let now = SystemTime::now();
        let mut total_bytes = 0;
        let mut kept = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            let used = metadata.modified().unwrap_or(now);
            if path.extension().is_some_and(|extension| extension == "tmp") {
                if now.duration_since(used).is_ok_and(|age| age > STALE_AFTER) {
                    let _ = fs::remove_file(path);
                }
            } else if path
                .extension()
                .is_some_and(|extension| extension == SUFFIX)
            {
                total_bytes += metadata.len();
                if entry.file_name() != keep {
                    kept.push((used, metadata.len(), path));
                }
            }
        }
        kept.sort();
        for (_, bytes, path) in kept {
            if total_bytes <= self.bytes_max {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total_bytes -= bytes;
            }
        }
    }
}

/// The component, and everything about engine and processor that its machine code depends on.
fn entry_name(engine: &Engine, digest: Digest) -> String {
    let mut hasher = DefaultHasher::new();
    wasip1::REVISION.hash(&mut hasher);
    engine
        .wasmtime()
        .precompile_compatibility_hash()
        .hash(&mut hasher);
    format!("{}-{:016x}.{SUFFIX}", digest.hex(), hasher.finish())
}

/// Tells temporary files apart, also those of processes in containers that share an id.
fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(u64::from_le_bytes(bytes))
}

fn private_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Reads the key, or makes one that every process racing to make it agrees on.
fn read_or_make_key(path: &Path) -> io::Result<[u8; blake3::KEY_LEN]> {
    if let Ok(key) = read_key(path) {
        return Ok(key);
    }
    if let Some(dir) = path.parent() {
        private_dir(dir)?;
    }
    let temporary = path.with_extension(format!("{:016x}.tmp", random()?));
    let mut key = [0; blake3::KEY_LEN];
    rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty())?;
    private_file(&temporary)?.write_all(&key)?;
    if path.exists() {
        // Another process may have made it since it was looked for.
        if let Ok(key) = read_key(path) {
            fs::remove_file(&temporary)?;
            return Ok(key);
        }
        // What is there is no key: one of ours takes its place, and old entries become void.
        fs::rename(&temporary, path)?;
        return read_key(path);
    }
    // A link fails where a rename would replace the key of whoever came first.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read_key(path),
    }
}

fn read_key(path: &Path) -> io::Result<[u8; blake3::KEY_LEN]> {
    let bytes = fs::read(path)?;
    bytes
        .try_into()
        .map_err(|_| io::Error::other("the key file does not hold a key"))
}

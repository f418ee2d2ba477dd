//! The files that output is kept in: two for each replica, of which the earlier one goes when the later one is full.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use gary_promise::{Slot, WorkloadId};

use super::ReplicaKey;
use crate::api::LogLine;

/// The most bytes of one file.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The most bytes of all files. Beyond, those go that were written longest ago.
const BYTES_MAX: u64 = 512 << 20;

/// The most files. Beyond, those go that were written longest ago.
const FILES_MAX: usize = 8_192;

/// The most files that are open at once. Beyond, all are closed, and opened again as they are written to.
const OPEN_MAX: usize = 64;

/// How the earlier file of a replica is called.
const EARLIER: &str = "earlier";
/// How the later one is.
const LATER: &str = "log";

/// The files of a node's replicas.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    open: BTreeMap<ReplicaKey, (BufWriter<File>, u64)>,
}

/// What there is of a replica's output at one moment: the earlier file first, each as far as it was written then.
#[derive(Debug)]
pub(crate) struct Written {
    pub(super) slot: Slot,
    pub(super) files: Vec<(File, u64)>,
}

impl Files {
    /// Those in a directory, which is made if it is not there.
    pub(super) fn in_dir(dir: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        let open = BTreeMap::new();
        Ok(Self { dir, open })
    }

    /// Writes a line after the others of its replica. It is read once it is [flushed](Self::flush).
    pub(super) fn append(&mut self, key: ReplicaKey, line: &LogLine) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let bytes = text.len() as u64;
        if self.open(key)?.1 + bytes > FILE_BYTES_MAX {
            self.turn_over(key)?;
        }
        let (file, length) = self.open(key)?;
        file.write_all(&text)?;
        *length += bytes;
        Ok(())
    }

    /// Has all that is written be there for readers.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut files = self.open.values_mut();
        files.try_for_each(|(file, _)| file.flush())
    }

    /// What there is of a workload's output.
    pub(super) fn written(&self, workload: WorkloadId) -> Vec<Written> {
        let dir = self.dir.join(workload.to_string());
        let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
        let slots = entries.filter_map(|entry| {
            let path = entry.path();
            let is_later = path.extension().is_some_and(|its| its == LATER);
            let slot: u32 = path.file_stem()?.to_str()?.parse().ok()?;
            is_later.then_some(Slot(slot))
        });
        let mut slots = Vec::from_iter(slots);
        slots.sort();
        let written = slots.into_iter().map(|slot| {
            let key = ReplicaKey { workload, slot };
            let files = [EARLIER, LATER].map(|which| File::open(self.path(key, which)));
            let files = files.into_iter().flatten().filter_map(|file| {
                let length = file.metadata().ok()?.len();
                Some((file, length))
            });
            Written {
                slot,
                files: files.collect(),
            }
        });
        written.collect()
    }

    fn open(&mut self, key: ReplicaKey) -> io::Result<&mut (BufWriter<File>, u64)> {
        if !self.open.contains_key(&key) {
            if self.open.len() >= OPEN_MAX {
                self.flush()?;
                self.open.clear();
            }
            let path = self.path(key, LATER);
            if !path.exists() {
                self.make_room();
                fs::create_dir_all(path.parent().unwrap_or(&self.dir))?;
            }
            let file = File::options().create(true).append(true).open(path)?;
            let length = file.metadata()?.len();
            self.open.insert(key, (BufWriter::new(file), length));
        }
        Ok(self.open.get_mut(&key).expect("it was just opened"))
    }

    /// The later file becomes the earlier one.
    fn turn_over(&mut self, key: ReplicaKey) -> io::Result<()> {
        if let Some((mut file, _)) = self.open.remove(&key) {
            file.flush()?;
        }
        fs::rename(self.path(key, LATER), self.path(key, EARLIER))?;
        self.make_room();
        Ok(())
    }

    /// Removes what was written longest ago, until the rest is within its bounds. What cannot be removed stays, and what
    /// is written to is opened anew.
    fn make_room(&mut self) {
        let removed = too_much(&self.dir);
        if removed.is_empty() {
            return;
        }
        self.open.clear();
        for path in removed {
            let _ = fs::remove_file(&path);
            if let Some(workload) = path.parent() {
                // It stays where there is something in it.
                let _ = fs::remove_dir(workload);
            }
        }
    }

    fn path(&self, key: ReplicaKey, which: &str) -> PathBuf {
        let name = format!("{}.{which}", key.slot.0);
        self.dir.join(key.workload.to_string()).join(name)
    }
}

/// What is to be removed, so that the rest is within its bounds: what was written longest ago.
fn too_much(dir: &Path) -> Vec<PathBuf> {
    let workloads = fs::read_dir(dir).into_iter().flatten().flatten();
    let files = workloads.flat_map(|its| fs::read_dir(its.path()).into_iter().flatten().flatten());
    let files = files.filter_map(|file| {
        let about = file.metadata().ok()?;
        let written_at = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Some((written_at, about.len(), file.path()))
    });
    let mut files = Vec::from_iter(files);
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    let mut count = files.len();
    let over = files.into_iter().take_while(|(_, length, _)| {
        // One more is about to be written, as large as any.
        let is_over = bytes + FILE_BYTES_MAX > BYTES_MAX || count >= FILES_MAX;
        bytes -= length;
        count -= 1;
        is_over
    });
    over.map(|(_, _, path)| path).collect()
}

//! The disk on which nodes keep their state, and what one sync of it takes.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::super::stats::Spread;

/// Appends that are synced, one after the other.
const APPENDS: usize = 50;
/// What one of them appends.
const APPEND_BYTES: usize = 512;

/// File systems that keep nothing: a sync of them costs nothing, as no disk's does.
const IN_MEMORY: &[&str] = &["tmpfs", "ramfs"];

/// A directory's disk.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    /// Such as ext4.
    pub(super) file_system: String,
    /// What an append and its fdatasync took, in milliseconds.
    pub(super) sync_ms: Spread,
}

impl Disk {
    /// # Errors
    /// When the directory is on none.
    pub(super) fn of(dir: &Path) -> Result<Self> {
        let dir = dir.canonicalize()?;
        let mounts = std::fs::read_to_string("/proc/self/mountinfo")?;
        let file_system = file_system(&mounts, &dir)
            .with_context(|| format!("cannot tell what {} is on", dir.display()))?;
        ensure!(
            !IN_MEMORY.contains(&file_system.as_str()),
            "{} is on {file_system}, and syncs are part of what is measured: name a directory on a disk with --dir",
            dir.display()
        );
        Ok(Self {
            file_system,
            sync_ms: Spread::of(&syncs(&dir.join("appends"))?)?,
        })
    }
}

fn syncs(path: &Path) -> Result<Vec<f64>> {
    let mut file = File::create(path)?;
    let mut took = Vec::new();
    for _ in 0..APPENDS {
        let began = Instant::now();
        file.write_all(&[b'.'; APPEND_BYTES])?;
        file.sync_data()?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    std::fs::remove_file(path)?;
    Ok(took)
}

/// The file system of the deepest mount that the path is below. Of two on one place the later hides the earlier.
fn file_system(mounts: &str, path: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let place = Path::new(before.split(' ').nth(4)?);
        let kind = after.split(' ').next()?;
        path.starts_with(place)
            .then(|| (place.components().count(), kind.to_owned()))
    });
    mounts.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_is_the_paths() {
        let mounts =
            "1 0 8:1 / / rw - ext4 /dev/vda rw\n2 1 0:1 / /tmp rw shared:1 - tmpfs tmpfs rw\n";
        let of = |path| file_system(mounts, Path::new(path));
        assert_eq!(of("/tmp/x").as_deref(), Some("tmpfs"));
        assert_eq!(of("/tmpx").as_deref(), Some("ext4"));
    }
}

//! A state directory belongs to one process.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::{OpenError, directory};

const NAME: &str = "lock";

/// The hold of this process on a state directory. The system takes it back when the process ends,
/// however it ends.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, and let go of by dropping")] File);

impl Lock {
    /// Takes hold of a directory, and says in the lock's file who did.
    pub(crate) fn take(dir: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::io(dir, source);
        let mut options = directory::options();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(dir.join(NAME)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let dir = dir.to_owned();
                let holder = holder(&mut file);
                return Err(OpenError::InUse { dir, holder });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        tell(&mut file).map_err(failed)?;
        Ok(Self(file))
    }
}

fn tell(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.write_all(std::process::id().to_string().as_bytes())
}

/// Whoever has the lock has written this, unless it is just about to.
fn holder(file: &mut File) -> Option<u32> {
    let mut pid = String::new();
    file.take(16).read_to_string(&mut pid).ok()?;
    pid.parse().ok()
}

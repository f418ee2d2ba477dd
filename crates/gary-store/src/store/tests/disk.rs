//! A disk for tests, that fails when it is told to and forgets what was not synced.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use redb::StorageBackend;

/// Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<(Mutex<State>, Condvar)>);

/// A disk that is slow.
pub(super) struct Slow(Disk);

#[derive(Debug, Default)]
struct State {
    now: Vec<u8>,
    synced: Vec<u8>,
    /// What came since the last sync, in order.
    unsynced: Vec<Change>,
    syncs: u64,
    /// Writes and syncs before the first that fails. All after it fail too.
    good_steps: Option<u64>,
    /// Syncs wait.
    is_slow: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Length(usize),
    Write(usize, Vec<u8>),
}

impl Disk {
    /// A disk with the bytes that are there after the power went: all that was synced and, of what was
    /// written since, whatever `chance` has it.
    pub(super) fn after_crash(&self, mut chance: u64) -> Self {
        let state = self.state();
        let mut bytes = state.synced.clone();
        for change in &state.unsynced {
            chance = chance.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            match change {
                Change::Length(length) => bytes.resize(*length, 0),
                Change::Write(offset, written) if chance >> 63 == 1 => {
                    bytes[*offset..*offset + written.len()].copy_from_slice(written);
                }
                Change::Write(..) => {}
            }
        }
        let disk = Self::default();
        disk.state().now = bytes.clone();
        disk.state().synced = bytes;
        disk
    }

    pub(super) fn fail_after(&self, steps: u64) {
        self.state().good_steps = Some(steps);
    }

    /// Lets syncs wait until what it returns is dropped, be it because a test has failed.
    pub(super) fn slow_down(&self) -> Slow {
        self.state().is_slow = true;
        Slow(self.clone())
    }

    pub(super) fn syncs(&self) -> u64 {
        self.state().syncs
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap()
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.0.state().is_slow = false;
        self.0.0.1.notify_all();
    }
}

impl State {
    fn step(&mut self) -> Result<(), io::Error> {
        match &mut self.good_steps {
            Some(0) => Err(io::ErrorKind::StorageFull.into()),
            Some(steps) => {
                *steps -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.state().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let offset = usize::try_from(offset).unwrap();
        let state = self.state();
        let bytes = state.now.get(offset..offset + out.len());
        let too_short = || io::Error::from(io::ErrorKind::UnexpectedEof);
        out.copy_from_slice(bytes.ok_or_else(too_short)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> Result<(), io::Error> {
        let length = usize::try_from(length).unwrap();
        let mut state = self.state();
        state.step()?;
        state.now.resize(length, 0);
        state.unsynced.push(Change::Length(length));
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let state = self.state();
        let mut state = self.0.1.wait_while(state, |state| state.is_slow).unwrap();
        state.step()?;
        state.syncs += 1;
        state.unsynced.clear();
        state.synced = state.now.clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let offset = usize::try_from(offset).unwrap();
        let mut state = self.state();
        state.step()?;
        state.now[offset..offset + data.len()].copy_from_slice(data);
        state.unsynced.push(Change::Write(offset, data.to_vec()));
        Ok(())
    }
}

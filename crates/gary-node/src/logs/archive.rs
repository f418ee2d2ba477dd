//! Where output comes together: one thread writes it, so that no guest ever waits for the disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, TryRecvError};
use std::{io, thread};

use gary_promise::WorkloadId;
use tokio::sync::{mpsc as told, oneshot};

use super::ReplicaKey;
use super::files::{Files, Written};
use crate::api::LogLine;

/// The most bytes that wait for the disk. What guests write beyond that is left out, and it is said how much.
const QUEUED_BYTES_MAX: usize = 4 << 20;

/// What a line takes while it waits, besides its text.
const LINE_BYTES: usize = 128;

/// The most that follow what is written, at once.
const FOLLOWERS_MAX: usize = 256;

/// Lines that wait for somebody who follows. Beyond, some are left out, and it is said how many.
const FOLLOWED_LINES_MAX: usize = 1_024;

/// The output of a node's replicas.
#[derive(Debug, Clone)]
pub(crate) struct Logs {
    asks: mpsc::Sender<Ask>,
    queued_bytes: Arc<AtomicUsize>,
}

/// What somebody sees of a workload's output.
#[derive(Debug)]
pub(crate) struct Followed {
    /// What there was when they asked.
    pub(crate) written: Vec<Written>,
    /// What comes after that, where they follow it.
    pub(crate) coming: Option<told::Receiver<LogLine>>,
}

#[derive(Debug)]
enum Ask {
    Write(ReplicaKey, LogLine),
    Look {
        workload: WorkloadId,
        follows: bool,
        told: oneshot::Sender<Followed>,
    },
}

struct Follower {
    workload: WorkloadId,
    tell: told::Sender<LogLine>,
    left_out: u64,
}

impl Logs {
    /// Keeps them in a directory.
    ///
    /// # Errors
    /// When it cannot be used, or there is no thread to be had.
    pub(crate) fn open(dir: PathBuf) -> io::Result<Self> {
        let files = Files::in_dir(dir)?;
        let (asks, asked) = mpsc::channel();
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let written = Arc::clone(&queued_bytes);
        let thread = thread::Builder::new().name("gary-logs".into());
        thread.spawn(move || write(&asked, files, &written))?;
        Ok(Self { asks, queued_bytes })
    }

    /// Has a line written, in its turn. Says whether there was room for it.
    pub(super) fn write(&self, key: ReplicaKey, line: LogLine) -> bool {
        let bytes = line.text.len() + LINE_BYTES;
        if self.queued_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > QUEUED_BYTES_MAX {
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        self.asks.send(Ask::Write(key, line)).is_ok()
    }

    /// What there is of a workload's output, and what comes.
    pub(crate) async fn look(&self, workload: WorkloadId, follows: bool) -> Option<Followed> {
        let (told, looked) = oneshot::channel();
        let ask = Ask::Look {
            workload,
            follows,
            told,
        };
        self.asks.send(ask).ok()?;
        looked.await.ok()
    }
}

/// Writes what is to be written, until nobody is left who could have something written.
fn write(asked: &mpsc::Receiver<Ask>, mut files: Files, queued_bytes: &AtomicUsize) {
    let mut followers = Vec::<Follower>::new();
    loop {
        let ask = match asked.try_recv() {
            Ok(ask) => ask,
            Err(TryRecvError::Empty) => {
                tell(files.flush());
                match asked.recv() {
                    Ok(ask) => ask,
                    Err(_) => return,
                }
            }
            Err(TryRecvError::Disconnected) => break,
        };
        match ask {
            Ask::Write(key, line) => {
                tell(files.append(key, &line));
                queued_bytes.fetch_sub(line.text.len() + LINE_BYTES, Ordering::Relaxed);
                followers.retain_mut(|its| its.workload != key.workload || its.hear(&line));
            }
            Ask::Look {
                workload,
                follows,
                told: asker,
            } => {
                tell(files.flush());
                followers.retain(|its| !its.tell.is_closed());
                let (tell, coming) = told::channel(FOLLOWED_LINES_MAX);
                let is_room = followers.len() < FOLLOWERS_MAX;
                let seen = Followed {
                    written: files.written(workload),
                    coming: (follows && is_room).then_some(coming),
                };
                // Whoever asked may have left.
                if asker.send(seen).is_ok() && follows && is_room {
                    followers.push(Follower {
                        workload,
                        tell,
                        left_out: 0,
                    });
                }
            }
        }
    }
    tell(files.flush());
}

impl Follower {
    /// Says whether it follows still.
    fn hear(&mut self, line: &LogLine) -> bool {
        if self.left_out > 0 {
            let note = format!("{} lines are left out here", self.left_out);
            let note = LogLine::note(line, note);
            match self.tell.try_send(note) {
                Ok(()) => self.left_out = 0,
                Err(told::error::TrySendError::Full(_)) => {
                    self.left_out += 1;
                    return true;
                }
                Err(told::error::TrySendError::Closed(_)) => return false,
            }
        }
        match self.tell.try_send(line.clone()) {
            Ok(()) => true,
            Err(told::error::TrySendError::Full(_)) => {
                self.left_out += 1;
                true
            }
            Err(told::error::TrySendError::Closed(_)) => false,
        }
    }
}

/// A disk that takes no output is no reason to stop a workload.
fn tell(written: io::Result<()>) {
    if let Err(error) = written {
        tracing::warn!(%error, "what a workload has written is lost");
    }
}

#[cfg(test)]
mod tests {
    use gary_host::{OutputSink, StandardStream};
    use gary_promise::{Generation, Slot};

    use super::super::Scribe;
    use super::*;

    #[test]
    fn what_there_is_no_room_for_is_left_out_and_it_is_said_how_much() {
        // Nobody writes, as if the disk stood still.
        let (asks, asked) = mpsc::channel();
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let logs = Logs {
            asks,
            queued_bytes: Arc::clone(&queued_bytes),
        };
        let key = ReplicaKey {
            workload: WorkloadId::from_bytes([7; 16]),
            slot: Slot(0),
        };
        let scribe = Scribe::new(logs, key, Generation::FIRST, "n1");
        let lines = QUEUED_BYTES_MAX / LINE_BYTES + 1;
        for _ in 0..lines {
            scribe.written(StandardStream::Stdout, b"\n");
        }
        let taken = asked.try_iter().count();
        assert_eq!(taken, QUEUED_BYTES_MAX / LINE_BYTES);
        // The disk goes on.
        queued_bytes.store(0, Ordering::Relaxed);
        scribe.written(StandardStream::Stdout, b"more\n");
        let texts = asked.try_iter().map(|ask| match ask {
            Ask::Write(_, line) => line.text,
            Ask::Look { .. } => String::new(),
        });
        assert_eq!(Vec::from_iter(texts), ["1 lines are left out here", "more"]);
    }
}

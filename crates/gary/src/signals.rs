//! The signals that end what runs in the foreground.

use std::io;
use std::process;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use rustix::process::Signal;
use tokio::runtime;
use tokio::signal::unix::{self, SignalKind};

use crate::companion;
use crate::problem::{Code, Problem};

/// Those who listen, and see to the end themselves.
static LISTENERS: AtomicUsize = AtomicUsize::new(0);

/// Whether one of them has heard a signal. Gary is on its way out then.
static HEARD: AtomicBool = AtomicBool::new(false);

/// SIGINT and SIGTERM, for somebody who sees to the end.
pub(crate) struct Signals(Streams);

impl Signals {
    /// Listens from now on; needs a runtime.
    pub(crate) fn new() -> Result<Self, Problem> {
        let streams = Streams::new()
            .map_err(|error| Problem::new(Code::Failure, "cannot listen for signals").why(error))?;
        LISTENERS.fetch_add(1, Ordering::SeqCst);
        Ok(Self(streams))
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        self.0.next().await;
        HEARD.store(true, Ordering::SeqCst);
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        LISTENERS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Has a signal that nobody listens for end Gary from now on, and the program that it waits for.
///
/// A signal does so by itself until somebody has listened for the first time, and never again after
/// that. It is for those who run one thing after another, or a program beside them.
pub(crate) fn guard() {
    static GUARD: Once = Once::new();
    GUARD.call_once(|| {
        let (ready, is_ready) = mpsc::channel();
        thread::spawn(move || {
            let started = runtime::Builder::new_current_thread().enable_io().build();
            let Ok(runtime) = started else {
                return;
            };
            runtime.block_on(async {
                let Ok(mut streams) = Streams::new() else {
                    return;
                };
                // Nobody is waiting for it any more only where the process ends.
                let _ = ready.send(());
                loop {
                    handle_signal(streams.next().await);
                }
            });
        });
        // Without a guard a signal ends Gary alone, as it would have.
        let _ = is_ready.recv();
    });
}

fn handle_signal(signal: Signal) {
    if companion::pass_on(signal) {
        return;
    }
    if LISTENERS.load(Ordering::SeqCst) == 0 && !HEARD.load(Ordering::SeqCst) {
        process::exit(i32::from(exit_code(signal)));
    }
}

/// The exit code of what a signal has ended.
pub(crate) fn exit_code(signal: Signal) -> u8 {
    128 + signal.as_raw().to_le_bytes()[0]
}

struct Streams {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Streams {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
        }
    }
}

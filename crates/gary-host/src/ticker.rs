//! The thread that ticks the epoch, which is what makes a guest that never yields give way.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Time between two ticks.
pub(crate) const TICK: Duration = Duration::from_millis(1);
/// Ticks a guest computes for before it gives way to whatever else waits on its thread.
pub(crate) const SLICE_TICKS: u64 = 2;
/// Ticks without a running guest after which the thread goes to sleep: an idle node wakes for
/// nothing, and a busy one does not pay a wake-up for each request.
const IDLE_TICKS: u32 = 50;

/// Ticks the epoch while at least one guest computes.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Guests that are on a processor right now.
    computing: AtomicUsize,
    /// Whether the thread sleeps, or is about to, and wants to be woken.
    asleep: AtomicBool,
    stop: AtomicBool,
}

/// A guest is on a processor for as long as this lives.
pub(crate) struct Computing<'a>(&'a Ticker);

impl Ticker {
    /// # Errors
    /// When the system refuses a thread, without which no guest could be stopped.
    pub(crate) fn start(engine: wasmtime::Engine) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new().name("gary-epoch".into()).spawn({
            let shared = shared.clone();
            move || tick(&engine, &shared)
        })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Says that a guest computes on this thread until the answer is dropped.
    pub(crate) fn computing(&self) -> Computing<'_> {
        self.shared.computing.fetch_add(1, SeqCst);
        if self.shared.asleep.load(SeqCst) {
            self.wake();
        }
        Computing(self)
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.0.shared.computing.fetch_sub(1, SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        self.wake();
        if let Some(thread) = self.thread.take() {
            // The thread cannot panic, and there is nobody to tell if it did.
            let _ = thread.join();
        }
    }
}

fn tick(engine: &wasmtime::Engine, shared: &Shared) {
    let mut idle_ticks = 0;
    while !shared.stop.load(SeqCst) {
        if shared.computing.load(SeqCst) > 0 {
            idle_ticks = 0;
        } else {
            idle_ticks += 1;
        }
        if idle_ticks < IDLE_TICKS {
            thread::sleep(TICK);
            engine.increment_epoch();
            continue;
        }
        shared.asleep.store(true, SeqCst);
        // Looked at again after the flag is up: a guest that started in between either sees the
        // flag and wakes us, or is seen here.
        while shared.computing.load(SeqCst) == 0 && !shared.stop.load(SeqCst) {
            thread::park();
        }
        shared.asleep.store(false, SeqCst);
        idle_ticks = 0;
    }
}

//! Processor time: measured on the thread where a guest computes, and kept to its share.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Sleep;
use wasmtime::{CallHook, Store, UpdateDeadline};

use crate::term::{Over, Term};
use crate::ticker::{SLICE_TICKS, Ticker};

/// Time that a replica which has been idle may use its share of at once, before the share binds.
///
/// It is what a second may exceed the share by, so it stays far below 5% of one.
const BURST: Duration = Duration::from_millis(2);

/// Counts the processor time of one replica and holds it to its share.
pub(crate) struct Meter {
    /// Whether anybody wants to know.
    counts: bool,
    used_ns: AtomicU64,
    share: Option<Share>,
}

/// A share of the processor, as an account that fills at `cores` seconds a second and may be
/// overdrawn by the slice that was running; whoever finds it overdrawn waits until it is not.
struct Share {
    cores: f64,
    account: Mutex<Account>,
}

struct Account {
    /// Seconds of processor time left; below zero, owed.
    balance: f64,
    settled: Instant,
}

impl Meter {
    /// A meter that holds a replica to `cores`, where there is such a limit, and counts what it
    /// uses if there is or `wanted` says so.
    pub(crate) fn new(cores: Option<f64>, wanted: bool) -> Arc<Self> {
        Arc::new(Self {
            counts: wanted || cores.is_some(),
            used_ns: AtomicU64::new(0),
            share: cores.map(|cores| Share {
                cores,
                account: Mutex::new(Account {
                    balance: 0.0,
                    settled: Instant::now(),
                }),
            }),
        })
    }

    /// Processor time used so far, as far as it was counted.
    pub(crate) fn used(&self) -> Duration {
        Duration::from_nanos(self.used_ns.load(Relaxed))
    }

    fn charge(&self, used: Duration) {
        let used_ns = u64::try_from(used.as_nanos()).unwrap_or(u64::MAX);
        self.used_ns.fetch_add(used_ns, Relaxed);
        if let Some(share) = &self.share {
            share.charge(used, Instant::now());
        }
    }

    /// How long to wait before the replica may compute again.
    fn owed(&self) -> Option<Duration> {
        self.share
            .as_ref()
            .and_then(|share| share.owed(Instant::now()))
    }
}

impl Share {
    fn charge(&self, used: Duration, now: Instant) {
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        account.settle(self.cores, used, now);
    }

    fn owed(&self, now: Instant) -> Option<Duration> {
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        account.settle(self.cores, Duration::ZERO, now);
        (account.balance < 0.0)
            .then(|| Duration::try_from_secs_f64(-account.balance / self.cores).ok())
            .flatten()
    }
}

impl Account {
    /// What was used is taken out before the account is held to what it may save: what comes in
    /// while a guest computes pays for that, and would otherwise be lost to the limit.
    fn settle(&mut self, cores: f64, used: Duration, now: Instant) {
        let earned = now.saturating_duration_since(self.settled).as_secs_f64() * cores;
        let balance = self.balance + earned - used.as_secs_f64();
        self.balance = balance.min(BURST.as_secs_f64() * cores);
        self.settled = now;
    }
}

/// Makes the guest of `store` give way after every slice, to whatever else waits on its thread and
/// to the timers and sockets of the runtime. One that has a term does at every tick, and ends with it.
pub(crate) fn slice<T: 'static>(store: &mut Store<T>, term: Option<Arc<Term>>) {
    let ticks = if term.is_some() { 1 } else { SLICE_TICKS };
    store.set_epoch_deadline(ticks);
    if let Some(term) = term.clone() {
        // A process that stood still has a tick left by its own count. Nobody else may hear of what it does with that.
        store.call_hook(move |_, which| match which {
            CallHook::CallingHost if term.is_over() => Err(Over.into()),
            _ => Ok(()),
        });
    }
    store.epoch_deadline_callback(move |_| {
        if term.as_ref().is_some_and(|term| term.is_over()) {
            return Err(Over.into());
        }
        // Tokio's own yield, unlike a plain wake-up, lets the runtime look at its sockets and
        // timers before this task runs again.
        let give_way = Box::pin(tokio::task::yield_now());
        Ok(UpdateDeadline::YieldCustom(ticks, give_way))
    });
}

pin_project! {
    /// A guest's work, metered whenever it is polled and made to wait while its replica owes time.
    pub(crate) struct Metered<F> {
        meter: Arc<Meter>,
        ticker: Arc<Ticker>,
        waiting: Option<Pin<Box<Sleep>>>,
        #[pin]
        guest: F,
    }
}

impl<F: Future> Metered<F> {
    pub(crate) fn new(meter: Arc<Meter>, ticker: Arc<Ticker>, guest: F) -> Self {
        Self {
            meter,
            ticker,
            waiting: None,
            guest,
        }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        while let Some(owed) = this.meter.owed() {
            let sleep = this.waiting.insert(Box::pin(tokio::time::sleep(owed)));
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
        *this.waiting = None;
        let _computing = this.ticker.computing();
        if !this.meter.counts {
            return this.guest.poll(cx);
        }
        let before = thread_time();
        let polled = this.guest.poll(cx);
        this.meter.charge(thread_time().saturating_sub(before));
        polled
    }
}

/// Processor time that this thread has used.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use wasmtime::{Config, Engine, Func, Instance, Module};

    use super::*;

    /// Computes whenever it may, a slice of 2 ms at a time, and says how much it got. Where it has
    /// to wait it waits for `late` longer.
    fn greedy(cores: f64, late: Duration, span: Duration) -> Duration {
        let share = Share {
            cores,
            account: Mutex::new(Account {
                balance: 0.0,
                settled: Instant::now(),
            }),
        };
        let slice = Duration::from_millis(2);
        let start = Instant::now();
        let (mut now, mut used) = (start, Duration::ZERO);
        while now < start + span {
            match share.owed(now) {
                Some(owed) => now += owed.max(Duration::from_nanos(1)) + late,
                None => {
                    now += slice;
                    used += slice;
                    share.charge(slice, now);
                }
            }
        }
        used
    }

    #[test]
    fn a_greedy_guest_stays_within_five_percent_of_its_share() {
        // A timer is late by up to a millisecond for its own step, and by another for the system's.
        for late in [0, 1, 2].map(Duration::from_millis) {
            for cores in [0.1, 0.25, 0.5, 0.9, 0.99] {
                let used = greedy(cores, late, Duration::from_secs(1)).as_secs_f64();
                assert!(
                    (used / cores - 1.0).abs() < 0.05,
                    "{used} s of {cores} cores, waiting {late:?} too long"
                );
            }
        }
    }

    #[test]
    fn idleness_is_not_saved_up() {
        let share = Share {
            cores: 0.5,
            account: Mutex::new(Account {
                balance: 0.0,
                settled: Instant::now(),
            }),
        };
        let later = Instant::now() + Duration::from_secs(60);
        assert_eq!(share.owed(later), None);
        share.charge(Duration::from_millis(100), later);
        let owed = share.owed(later).expect("it is overdrawn");
        assert!(owed > Duration::from_millis(190), "{owed:?}");
    }

    #[tokio::test]
    async fn whose_term_is_over_calls_nothing_of_the_host_though_no_tick_has_come() {
        let text = r#"(module
            (import "" "say" (func $say))
            (func (export "run") call $say call $say))"#;
        // Nothing ticks here, as after a process has stood still.
        let engine = Engine::new(Config::new().epoch_interruption(true)).expect("it is supported");
        let module = Module::new(&engine, wat::parse_str(text).expect("it is well formed"));
        let term = Arc::new(Term::until(Term::now() + Duration::from_millis(20)));
        let (said, is_over) = (Arc::new(AtomicU32::new(0)), Arc::clone(&term));

        let mut store = Store::new(&engine, ());
        slice(&mut store, Some(term));
        let counts = Arc::clone(&said);
        let say = Func::wrap(&mut store, move || {
            counts.fetch_add(1, Relaxed);
            while !is_over.is_over() {
                std::hint::spin_loop();
            }
        });
        let module = module.expect("it is valid");
        let instance = Instance::new_async(&mut store, &module, &[say.into()]).await;
        let instance = instance.expect("it imports no more");
        let run = instance.get_typed_func::<(), ()>(&mut store, "run");
        let ran = run.expect("it is there").call_async(&mut store, ()).await;
        let error = ran.expect_err("it was over when it spoke again");
        assert!(error.is::<Over>(), "{error:?}");
        assert_eq!(said.load(Relaxed), 1);
    }
}

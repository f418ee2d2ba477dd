//! Until when something may run that nobody else may run at the same time.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use thiserror::Error;

use crate::failure::Failure;

/// Until when a workload may run, by the clock of this machine that counts the time that it is suspended too.
///
/// A guest is stopped hard once that is over: it is looked at whenever the guest is to go on, whenever it calls the host, and
/// at every tick of the epoch while it computes. So a guest whose process stood still computes for one tick at most after that
/// goes on, and nobody else hears of it. A timer only ends what waits for something else.
#[derive(Debug)]
pub struct Term {
    until_ns: AtomicU64,
}

/// A guest computed when its time was over.
#[derive(Debug, Error)]
#[error("its time is over: others may run it now")]
pub(crate) struct Over;

impl Term {
    /// Until then, by [`Term::now`].
    pub fn until(at: Duration) -> Self {
        Self {
            until_ns: AtomicU64::new(nanoseconds(at)),
        }
    }

    /// How late it is by the clock that terms go by.
    pub fn now() -> Duration {
        let now = clock_gettime(ClockId::Boottime);
        Duration::new(
            u64::try_from(now.tv_sec).unwrap_or_default(),
            u32::try_from(now.tv_nsec).unwrap_or_default(),
        )
    }

    /// Has it last until then. It never becomes shorter by that.
    pub fn prolong(&self, until: Duration) {
        self.until_ns.fetch_max(nanoseconds(until), SeqCst);
    }

    /// What is left of it.
    pub fn left(&self) -> Duration {
        Duration::from_nanos(self.until_ns.load(SeqCst)).saturating_sub(Self::now())
    }

    /// Whether nothing is left of it.
    pub fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// Waits until it is over, however often it is prolonged.
    pub async fn over(&self) {
        while !self.is_over() {
            tokio::time::sleep(self.left()).await;
        }
    }

    /// Does a guest's work for as long as it lasts.
    pub(crate) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let (mut work, mut over) = (pin!(work), pin!(self.over()));
        std::future::poll_fn(|cx| {
            // The clock comes first: whoever stood still does not get to go on with the guest.
            if over.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(Failure::Over));
            }
            work.as_mut().poll(cx)
        })
        .await
    }
}

fn nanoseconds(at: Duration) -> u64 {
    u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::artifact::Artifact;
    use crate::engines::Engines;
    use crate::program::Program;
    use crate::replica::Replica;
    use crate::spec::Spec;

    async fn started(text: &str, term: Arc<Term>) -> Result<(), Failure> {
        let bytes = wat::parse_str(text).expect("it is well formed");
        let engines = Engines::on_demand();
        let artifact = Artifact::new(bytes).expect("it is WebAssembly");
        let program = Program::compile(&engines, None, &artifact).expect("it is valid");
        let spec = Spec {
            term: Some(term),
            ..Spec::default()
        };
        let replica = Replica::new(&program, spec).expect("it imports nothing");
        replica.try_instantiate().await
    }

    const SPINS: &str = "(component
        (core module $m (func $f (loop br 0)) (start $f))
        (core instance (instantiate $m)))";
    const IS_QUICK: &str = "(component
        (core module $m (func $f) (start $f))
        (core instance (instantiate $m)))";

    #[tokio::test]
    async fn who_computes_is_stopped_when_the_term_is_over_and_not_before() {
        let lasts = Duration::from_millis(50);
        let until = Term::now() + lasts;
        let ended = started(SPINS, Arc::new(Term::until(until))).await;
        assert!(matches!(ended, Err(Failure::Over)), "{ended:?}");
        assert!(Term::now() >= until);
    }

    #[tokio::test]
    async fn nothing_runs_once_a_term_is_over() {
        let term = Arc::new(Term::until(Term::now()));
        let ended = started(IS_QUICK, Arc::clone(&term)).await;
        assert!(matches!(ended, Err(Failure::Over)), "{ended:?}");
        term.prolong(Term::now() + Duration::from_secs(600));
        started(IS_QUICK, Arc::clone(&term)).await.expect("it may");
        // What comes late says an earlier time.
        term.prolong(Term::now());
        assert!(term.left() > Duration::from_secs(500));
    }
}

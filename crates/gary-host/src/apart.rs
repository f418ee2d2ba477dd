//! A guest on a thread of its own, so that its time limit holds even while it is stuck.
//!
//! A guest that is given this process's own streams writes to them where it runs. A pipe that nobody
//! reads or a terminal that is stopped keeps it there, and with it the thread and every timer of its
//! runtime. Writing by way of another thread, as served guests do, would let it go on, but then it
//! would not hear of a closed pipe when it writes. So it is the guest that gets a thread, and whoever
//! waits for it leaves both behind once the limit has passed.

use std::convert::Infallible;
use std::io::{self, Write};
use std::panic;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::failure::Failure;
use crate::replica::Replica;
use crate::spec::Stdio;

/// Time past its limit that a guest has to be stopped in the ordinary way.
const GRACE: Duration = Duration::from_millis(100);

impl Replica {
    /// Drives the work of a guest that may get stuck in its output, on a thread of its own where
    /// there is a time limit to hold. Without one it costs no thread, which would take longer to
    /// start than many a command to run.
    pub(crate) async fn drive_apart<T: Send + 'static>(
        &self,
        work: impl AsyncFnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let spec = &self.shared.spec;
        match spec.limits.timeout {
            Some(limit) if matches!(spec.stdio, Stdio::Inherit) => {
                let replica = self.clone();
                let work = async move || replica.drive(work(&replica)).await;
                apart(work, limit + GRACE)
                    .await
                    .unwrap_or(Err(Failure::TimedOut(limit)))
            }
            _ => self.drive(work(self)).await,
        }
    }
}

/// Does the work on a thread of its own; `None` when that takes too long. The thread ends with its
/// work, or when nobody waits for it any more and it is not stuck.
async fn apart<T: Send + 'static>(
    work: impl AsyncFnOnce() -> Result<T, Failure> + Send + 'static,
    wait_max: Duration,
) -> Option<Result<T, Failure>> {
    let no_thread = |error: io::Error| Some(Err(Failure::Host(format!("no thread: {error}"))));
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return no_thread(error),
    };
    let (tell, told) = oneshot::channel();
    let (_waiting, given_up) = oneshot::channel::<Infallible>();
    let spawned = thread::Builder::new()
        .name("gary-guest".into())
        .spawn(move || {
            let ended = runtime.block_on(async {
                tokio::select! {
                    ended = work() => Some(ended),
                    _ = given_up => None,
                }
            });
            // A guest's read of the terminal may still be under way on a thread of its own.
            runtime.shutdown_background();
            // What the guest wrote without a line's end is still here. Left to the end of the
            // process, it could get that stuck.
            let _ = io::stdout().flush();
            if let Some(ended) = ended {
                // Nobody may be waiting any more, which is as well.
                let _ = tell.send(ended);
            }
        });
    let thread = match spawned {
        Ok(thread) => thread,
        Err(error) => return no_thread(error),
    };
    match timeout(wait_max, told).await.ok()? {
        Ok(ended) => Some(ended),
        Err(_) => match thread.join() {
            Err(panicked) => panic::resume_unwind(panicked),
            Ok(()) => unreachable!("it tells how it ended for as long as somebody waits"),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn work_that_is_stuck_is_left_behind() {
        let (unstick, stuck) = mpsc::channel::<()>();
        let work = async move || {
            let _ = stuck.recv();
            Ok(())
        };
        assert!(apart(work, Duration::from_millis(10)).await.is_none());
        drop(unstick);
    }

    #[tokio::test]
    async fn what_became_of_the_work_is_told() {
        let done = apart(async || Ok(7), LONG).await;
        assert!(matches!(done, Some(Ok(7))), "{done:?}");
        let failed = apart(async || Err::<(), _>(Failure::Busy), LONG).await;
        assert!(matches!(failed, Some(Err(Failure::Busy))), "{failed:?}");
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_dropped() {
        let (dropped, ended) = oneshot::channel::<()>();
        let work = async move || {
            let _dropped = dropped;
            std::future::pending::<Result<(), Failure>>().await
        };
        let waiting = timeout(Duration::from_millis(10), apart(work, LONG));
        assert!(waiting.await.is_err());
        let told = timeout(LONG, ended).await.expect("the thread ends");
        assert!(told.is_err());
    }

    #[tokio::test]
    #[should_panic(expected = "an invariant of ours")]
    async fn a_panic_is_not_lost() {
        let work = async || -> Result<(), Failure> { panic!("an invariant of ours") };
        let _ = apart(work, LONG).await;
    }
}

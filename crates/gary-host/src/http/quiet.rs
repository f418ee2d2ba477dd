//! Silence, and whether it has lasted for too long.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// When somebody whose turn it is was last heard of; nobody is waited for until it begins.
#[derive(Default)]
pub(super) struct Quiet(Mutex<Option<Instant>>);

impl Quiet {
    /// It is somebody's turn from now on, or anew.
    pub(super) fn begin(&self) {
        *self.since() = Some(Instant::now());
    }

    /// Nobody is waited for.
    pub(super) fn end(&self) {
        *self.since() = None;
    }

    /// Ends once it has been quiet for this long.
    pub(super) async fn lasted(&self, limit: Duration) {
        loop {
            let since = *self.since();
            let until = since.unwrap_or_else(Instant::now) + limit;
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::poll;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn it_lasts_from_when_it_began_last() {
        let quiet = Quiet::default();
        quiet.begin();
        let started = Instant::now();
        let mut lasted = pin!(quiet.lasted(LIMIT));
        assert!(poll!(lasted.as_mut()).is_pending());
        tokio::time::advance(LIMIT / 2).await;
        quiet.begin();
        lasted.await;
        assert_eq!(started.elapsed(), LIMIT + LIMIT / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn it_does_not_last_once_it_has_ended() {
        let quiet = Quiet::default();
        quiet.begin();
        quiet.end();
        let waited = tokio::time::timeout(10 * LIMIT, quiet.lasted(LIMIT)).await;
        assert!(waited.is_err());
    }
}

//! What this program itself takes: time on a processor, and memory.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use gary_sim::scale::Stopwatch;
use rustix::time::{ClockId, clock_gettime};

/// Time that this thread has spent on a processor: what others do on the machine does not enter.
pub(crate) struct ThreadClock;

impl Stopwatch for ThreadClock {
    fn elapsed(&mut self) -> Duration {
        let spent = clock_gettime(ClockId::ThreadCPUTime);
        let seconds = u64::try_from(spent.tv_sec).unwrap_or_default();
        Duration::from_secs(seconds) + Duration::from_nanos(spent.tv_nsec.unsigned_abs())
    }
}

/// What something took.
pub(crate) struct Usage {
    began: Instant,
    clock: Duration,
}

impl Usage {
    /// From now on.
    pub(crate) fn begin() -> Self {
        // Where the kernel does not let the peak begin anew, it is that of the whole run.
        let _ = fs::write("/proc/self/clear_refs", "5");
        Self {
            began: Instant::now(),
            clock: ThreadClock.elapsed(),
        }
    }

    /// Until now, in words.
    ///
    /// # Errors
    /// When the kernel does not say how much memory was used.
    pub(crate) fn shown(&self) -> Result<String> {
        let peak_kib = status_kib("VmHWM:")?;
        Ok(format!(
            "The simulation took {:.0} s ({:.0} s of them on a processor, one thread) and {:.2} GiB of \
             memory at its peak.",
            self.began.elapsed().as_secs_f64(),
            (ThreadClock.elapsed() - self.clock).as_secs_f64(),
            peak_kib / f64::from(1 << 20)
        ))
    }
}

/// How much memory this program has, in KiB.
///
/// # Errors
/// When the kernel does not say.
pub(crate) fn resident_kib() -> Result<f64> {
    status_kib("VmRSS:")
}

fn status_kib(field: &str) -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_suffix("kB"))
        .and_then(|value| value.trim().parse().ok())
        .with_context(|| format!("/proc/self/status has no {field}"))
}

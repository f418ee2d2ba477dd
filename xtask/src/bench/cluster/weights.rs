//! What a process of a node weighs, and how much of a processor it takes.

use std::fs;

use anyhow::{Context, Result};

use super::super::process::kibibytes;

/// What the kernel counts processor time in for others to read, on every architecture that Gary is given out for.
const TICK_MS: f64 = 10.0;

/// Memory that a process holds, shared pages in proportion, in KiB.
pub(super) fn pss_kib(pid: u64) -> Result<f64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    kibibytes(&text, "Pss").with_context(|| format!("{path} has no Pss"))
}

/// Time that a process has spent on processors, in milliseconds, by the ticks of the kernel.
pub(super) fn cpu_ms(pid: u64) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let ticks = ticks(&text).with_context(|| format!("{path} is not as expected"))?;
    Ok(ticks as f64 * TICK_MS)
}

/// Those in user mode and those in the kernel.
fn ticks(stat: &str) -> Option<u64> {
    // The name may have anything in it, brackets and blanks too.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Memory that the machine could still give away, in bytes.
pub(super) fn available_bytes() -> Result<u64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let kib = kibibytes(&text, "MemAvailable").context("/proc/meminfo has no MemAvailable")?;
    Ok((kib * 1024.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_counted_behind_whatever_the_process_is_called() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 31 12 0 0 20 0 5 0 99 1000 50";
        assert_eq!(ticks(stat), Some(43));
    }
}

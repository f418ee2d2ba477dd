//! What the numbers were measured on.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::sides::first_line;
use crate::repository;

/// Work of others above which numbers are not worth writing down.
pub(crate) const QUIET_BUSY_PERCENT: f64 = 10.0;
/// Time the processors are watched for.
const WATCH: Duration = Duration::from_secs(3);

/// The machine and the versions of what takes part besides this program, as a list in Markdown.
pub(crate) fn describe(versions: &[(&str, String)]) -> Result<String> {
    Ok(format!(
        "{}- {}\n",
        describe_undated(versions)?,
        first_line(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]))?,
    ))
}

/// The same, without when that was: the commit tells.
pub(crate) fn describe_undated(versions: &[(&str, String)]) -> Result<String> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    // Not every architecture names its processors.
    let model = field(&cpuinfo, "model name").unwrap_or("unnamed processor");
    let meminfo = fs::read_to_string("/proc/meminfo")?;
    let memory_kib: f64 = field(&meminfo, "MemTotal")
        .and_then(|value| value.strip_suffix("kB"))
        .and_then(|value| value.trim().parse().ok())
        .context("/proc/meminfo has no MemTotal")?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let versions: String = versions
        .iter()
        .map(|(name, version)| {
            let version = version.strip_prefix(name).unwrap_or(version).trim();
            format!("{name} {version}; ")
        })
        .collect();
    Ok(format!(
        "- {}, {} of them in use, {:.1} GB of memory, Linux {}, {}\n- {}commit {}; {}\n",
        model,
        cores(),
        memory_kib * 1024.0 / 1e9,
        kernel.trim(),
        std::env::consts::ARCH,
        versions,
        commit()?,
        first_line(Command::new("rustc").arg("--version"))?,
    ))
}

/// The share of processor time that goes to others, while we do nothing.
///
/// The load average would not do: it still tells of our own build a minute later.
pub(crate) fn busy_percent() -> Result<f64> {
    let read = || -> Result<Ticks> {
        ticks(&fs::read_to_string("/proc/stat")?).context("/proc/stat is not as expected")
    };
    let before = read()?;
    std::thread::sleep(WATCH);
    let after = read()?;
    let all = (after.all - before.all).max(1);
    Ok(100.0 - 100.0 * (after.idle - before.idle) as f64 / all as f64)
}

/// The share before a run, which is told where it will disturb that.
pub(crate) fn busy_percent_before() -> Result<f64> {
    let busy = busy_percent()?;
    if busy > QUIET_BUSY_PERCENT {
        eprintln!("bench: the machine is {busy:.0}% busy with something else: expect noise");
    }
    Ok(busy)
}

/// How busy others kept the machine around the run, as an item of the list. `measured` is what of the page was
/// measured by a clock, and is noise if they did.
pub(crate) fn disturbance(before_percent: f64, after_percent: f64, measured: &str) -> String {
    let warning = if before_percent.max(after_percent) > QUIET_BUSY_PERCENT {
        format!(": **{measured} noise**")
    } else {
        String::new()
    };
    format!(
        "- busy with something else: {before_percent:.0}% before the run, {after_percent:.0}% after it{warning}\n"
    )
}

/// Time that the processors have spent since the machine started, in ticks of the kernel.
struct Ticks {
    idle: u64,
    all: u64,
}

fn ticks(stat: &str) -> Option<Ticks> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let numbers: Vec<u64> = line
        .split_whitespace()
        .map_while(|number| number.parse().ok())
        .collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in user already.
    let [_, _, _, idle, iowait, ..] = numbers[..] else {
        return None;
    };
    Some(Ticks {
        idle: idle + iowait,
        all: numbers.iter().take(8).sum(),
    })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn commit() -> Result<String> {
    let git = |args: &[&str]| {
        first_line(
            Command::new("git")
                .args(args)
                .current_dir(repository::root()),
        )
    };
    let short = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Ok(format!(
        "{short}{}",
        if changed { " with changes" } else { "" }
    ))
}

/// The value behind a name in a file of `/proc`, the first where there are several.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find_map(|(key, value)| (key.trim() == name).then_some(value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_idle_ticks_from_all() {
        let ticks = ticks("cpu  10 1 4 80 3 0 1 1 7 0\ncpu0 5 0 2 40 1 0 0 0 0 0\n").unwrap();
        assert_eq!((ticks.idle, ticks.all), (83, 100));
    }

    #[test]
    fn takes_the_first_of_a_repeated_field() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Fast 9000\nprocessor\t: 1\nmodel name\t: B\n";
        assert_eq!(field(cpuinfo, "model name"), Some("Fast 9000"));
        assert_eq!(field(cpuinfo, "model"), None);
    }
}

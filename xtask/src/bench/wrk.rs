//! Load from wrk, and what wrk says about it.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Connections that are kept busy.
pub(crate) const CONNECTIONS: u32 = 32;
/// Threads of wrk, which share the processors with the server.
const THREADS: u32 = 2;

/// One run of wrk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Load {
    pub(crate) requests_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// wrk as it is called, for people to call it themselves.
pub(crate) fn shown(duration: Duration) -> String {
    format!(
        "wrk -t{THREADS} -c{CONNECTIONS} -d{}s --latency http://ADDR/",
        duration.as_secs()
    )
}

/// Keeps the server at `addr` busy for `duration`, in whole seconds.
///
/// # Errors
/// When wrk fails, or a request did: a rate that counts errors is no rate.
pub(crate) fn run(addr: SocketAddr, duration: Duration) -> Result<Load> {
    run_host(addr, &addr.to_string(), duration)
}

/// The same, of whatever is called `host` there.
pub(crate) fn run_host(addr: SocketAddr, host: &str, duration: Duration) -> Result<Load> {
    let output = Command::new("wrk")
        .args(["-H", &format!("Host: {host}")])
        .arg(format!("-t{THREADS}"))
        .arg(format!("-c{CONNECTIONS}"))
        .arg(format!("-d{}s", duration.as_secs()))
        .args(["--latency", &format!("http://{addr}/")])
        .output()
        .context("wrk did not start")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "wrk ended with {}: {}{}",
        output.status,
        said,
        String::from_utf8_lossy(&output.stderr)
    );
    parse(&said)
}

/// wrk's own version line.
pub(crate) fn version() -> Result<String> {
    // It prints its usage after the version, and counts that as a failure.
    let output = Command::new("wrk")
        .arg("-v")
        .output()
        .context("wrk did not start")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().next().context("wrk -v printed nothing")?;
    Ok(line
        .split(" [")
        .next()
        .unwrap_or(line)
        .trim_start_matches("wrk ")
        .to_owned())
}

/// Makes sure that wrk can be called, with Debian's package where we may install it.
pub(crate) fn ensure_installed() -> Result<()> {
    if version().is_ok() {
        return Ok(());
    }
    eprintln!("bench: wrk is missing, installing it with apt-get");
    let installed = Command::new("apt-get")
        .args(["install", "--yes", "--no-install-recommends", "wrk"])
        .stdout(std::io::stderr())
        .status();
    match installed {
        Ok(status) if status.success() => version().map(drop),
        Ok(status) => bail!(
            "wrk is missing, and `apt-get install wrk` ended with {status}; install wrk (https://github.com/wg/wrk)"
        ),
        Err(error) => bail!(
            "wrk is missing, and apt-get did not start: {error}; install wrk (https://github.com/wg/wrk)"
        ),
    }
}

fn parse(said: &str) -> Result<Load> {
    if let Some(line) = said
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("Socket errors:") || line.starts_with("Non-2xx"))
    {
        bail!("wrk met failures: {line}");
    }
    let value = |label: &str| {
        said.lines()
            .find_map(|line| line.trim().strip_prefix(label))
            .map(str::trim)
            .with_context(|| format!("wrk did not print `{label}`:\n{said}"))
    };
    Ok(Load {
        requests_per_second: value("Requests/sec:")?
            .parse()
            .context("wrk's rate is no number")?,
        p50_ms: milliseconds(value("50%")?)?,
        p99_ms: milliseconds(value("99%")?)?,
    })
}

/// A time as wrk writes it: `870.00us`, `1.34ms`, `2.10s`.
fn milliseconds(text: &str) -> Result<f64> {
    // The two-letter units first: both end in the one-letter unit.
    let (number, factor) = None
        .or_else(|| text.strip_suffix("us").map(|number| (number, 1e-3)))
        .or_else(|| text.strip_suffix("ms").map(|number| (number, 1.0)))
        .or_else(|| text.strip_suffix('s').map(|number| (number, 1e3)))
        .or_else(|| text.strip_suffix('m').map(|number| (number, 60e3)))
        .with_context(|| format!("wrk wrote the time `{text}`"))?;
    let number: f64 = number
        .parse()
        .with_context(|| format!("wrk wrote the time `{text}`"))?;
    ensure!(number.is_finite(), "wrk wrote the time `{text}`");
    Ok(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Running 6s test @ http://127.0.0.1:8080/
  2 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     6.56ms    4.55ms  43.41ms   82.51%
    Req/Sec     5.18k   190.14     5.91k    58.54%
  Latency Distribution
     50%  870.00us
     75%    8.22ms
     90%   11.97ms
     99%    1.02s
  61953 requests in 6.00s, 7.98MB read
Requests/sec:  10325.53
Transfer/sec:      1.33MB
";

    #[test]
    fn reads_the_rate_and_the_percentiles() {
        let load = parse(SAID).unwrap();
        assert_eq!(
            load,
            Load {
                requests_per_second: 10_325.53,
                p50_ms: 0.87,
                p99_ms: 1020.0,
            }
        );
    }

    #[test]
    fn refuses_a_rate_that_counts_failures() {
        for line in [
            "  Non-2xx or 3xx responses: 2175\n",
            "  Socket errors: connect 0, read 3, write 0, timeout 0\n",
        ] {
            let said = SAID.replace("Requests/sec", &format!("{line}Requests/sec"));
            let error = parse(&said).unwrap_err().to_string();
            assert!(error.contains(line.trim()), "{error}");
        }
    }

    #[test]
    fn says_what_is_missing() {
        let said = SAID.replace("99%", "98%");
        let error = parse(&said).unwrap_err().to_string();
        assert!(error.contains("99%"), "{error}");
    }

    #[test]
    fn reads_every_unit_of_time() {
        let read = |text| milliseconds(text).unwrap();
        assert_eq!(read("500.00us"), 0.5);
        assert_eq!(read("1.50ms"), 1.5);
        assert_eq!(read("2.00s"), 2000.0);
        assert_eq!(read("1.00m"), 60_000.0);
        assert!(milliseconds("12").is_err());
        // What wrk writes when not one request came back.
        assert!(milliseconds("-nanus").is_err());
    }
}

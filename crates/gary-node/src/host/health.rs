//! Whether a hosting is well that its owner asks a health check of.

use std::time::Duration;

use gary_host::http::Site;
use http::StatusCode;
use tokio::time::{Instant, sleep};

use crate::run_spec::HealthCheck;

/// How many checks in a row fail before it is not taken for well any more.
const FAILURES_MAX: u32 = 3;

/// How long it has to become well.
const BECOMES_WELL_WITHIN: Duration = Duration::from_secs(60);

/// How often it is checked at the most while it becomes well.
const BEGINS_EVERY: Duration = Duration::from_millis(250);

/// The shortest time between two checks.
const INTERVAL_MIN: Duration = Duration::from_millis(100);

/// What a check has come to.
enum Checked {
    Well,
    /// The node had no room for one request more, which says nothing of the workload.
    Unknown,
    Ill(String),
}

/// Waits until it is well.
///
/// # Errors
/// What is wrong with it still once it should be.
pub(super) async fn become_well(
    site: &Site,
    check: &HealthCheck,
    ill: impl Fn(&str),
) -> Result<(), String> {
    let until = Instant::now() + BECOMES_WELL_WITHIN;
    let mut told = String::new();
    loop {
        let why = match checked(site, check).await {
            Checked::Well => return Ok(()),
            Checked::Unknown => "there was no room to ask it".to_owned(),
            Checked::Ill(why) => why,
        };
        // Why it takes so long is told at once, and not again until that is another reason.
        if why != told {
            ill(&why);
            told.clone_from(&why);
        }
        if Instant::now() > until {
            return Err(format!("it has not become well: {why}"));
        }
        sleep(interval(check).min(BEGINS_EVERY)).await;
    }
}

/// Waits for as long as it is well, and says what is wrong then.
pub(super) async fn stay_well(site: &Site, check: &HealthCheck) -> String {
    let mut failures = 0;
    loop {
        sleep(interval(check)).await;
        match checked(site, check).await {
            Checked::Well => failures = 0,
            Checked::Unknown => {}
            Checked::Ill(why) => {
                failures += 1;
                if failures >= FAILURES_MAX {
                    return format!("it is not well, {failures} times in a row: {why}");
                }
            }
        }
    }
}

async fn checked(site: &Site, check: &HealthCheck) -> Checked {
    let path = &check.path;
    match site.probe(path, interval(check)).await {
        Ok(status) if status.is_success() => Checked::Well,
        Ok(StatusCode::SERVICE_UNAVAILABLE) => Checked::Unknown,
        Ok(status) => Checked::Ill(format!("GET {path} is answered with {status}")),
        Err(error) => Checked::Ill(format!("GET {path}: {error}")),
    }
}

fn interval(check: &HealthCheck) -> Duration {
    Duration::from_millis(check.interval_ms).max(INTERVAL_MIN)
}

//! This program, built in release: what is measured is optimised, what is typed every day is quick to build.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::cargo::cargo;

/// Builds it with these features, and says where it is.
///
/// # Errors
/// When it does not build.
pub(crate) fn build(features: &[&str]) -> Result<PathBuf> {
    let output = cargo()
        .args(["build", "--release", "--package", "xtask"])
        .args(["--features", &features.join(",")])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .context("cargo did not start")?;
    ensure!(
        output.status.success(),
        "xtask did not build: cargo ended with {}",
        output.status
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "xtask")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo built no binary xtask")
}
